"""How the gain rests on a market size that sales hardly tell: see ensemble.anchor.market_size. Not for the promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ensemble.anchor.market_size import hears_attraction, with_outside_odds
from ensemble.demand import offer_demand
from ensemble.types import Ensemble
from jointprice.promise import gains
from search.types import PricingProblem

FACTORS = {"half": 0.5, "double": 2.0, "fourfold": 4.0}
"""Of the odds that a shopper buys nothing."""


def market_size(ensemble: Ensemble, problem: PricingProblem, prices: np.ndarray) -> dict[str, float] | None:
    """Mean gain of prices [S] over holding were the odds of buying nothing so many times those drawn; None where no
    attraction head is heard."""
    if ensemble.anchor is None or not hears_attraction(ensemble.anchor):
        return None

    def gain(factor: float) -> float:
        demand = offer_demand(ensemble, problem.offers, anchor=with_outside_odds(ensemble.anchor, factor))
        return float(gains(replace(problem, demand=demand), prices).mean())

    return {name: gain(factor) for name, factor in FACTORS.items()}
