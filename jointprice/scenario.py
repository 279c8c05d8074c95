"""What if: the same offers where the competitor's prices or the costs are others. Not for choosing prices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from ensemble.demand import offer_demand
from ensemble.types import Ensemble
from jointprice.pricing import Pricing
from jointprice.schema import ScenarioSettings
from search.evaluate import sold_units
from search.objective import unit_value
from search.types import PricingProblem


def in_scenario(settings: ScenarioSettings, offers: pd.DataFrame, *, anchored: bool) -> pd.DataFrame:
    """The offers with these prices and costs.

    Args:
        anchored: whether units come from the anchor: competitor prices reach no other price response.

    Raises:
        ConfigError: none is known that should change, or the competitor's would change nothing.
    """
    for name, percent in _changes(settings).items():
        if percent and offers[name].isna().all():
            raise ConfigError(f"scenario: no offer has a known {name}. Give the column in the offers or the sales.")
        offers = offers.assign(**{name: offers[name] * (1 + percent / 100)})
    if settings.competitor_percent and not anchored:
        raise ConfigError(
            "scenario.competitor_percent needs response=anchor: no competitor price reaches the networks' own price "
            "response."
        )
    return offers


def effect(settings: ScenarioSettings, ensemble: Ensemble, pricing: Pricing) -> dict[str, Any] | None:
    """What holding today's prices brings without the scenario and in it, and the new prices in it, by the model; None
    where there is no scenario."""
    changes = _changes(settings)
    if not any(changes.values()):
        return None
    inside = pricing.problem
    usual = {name: inside.offers[name] / (1 + percent / 100) for name, percent in changes.items()}
    offers = inside.offers.assign(**usual)
    outside = replace(inside, offers=offers, demand=offer_demand(ensemble, offers))
    return {
        "competitor_percent": settings.competitor_percent,
        "cost_percent": settings.cost_percent,
        "holding_before": _total(outside, inside.current),
        "holding": _total(inside, inside.current),
        "recommended": _total(inside, pricing.solution.prices),
    }


def _changes(settings: ScenarioSettings) -> dict[str, float]:
    """Column of the offers -> by how many per cent it is another."""
    return {"competitor_price": settings.competitor_percent, "cost": settings.cost_percent}


def _total(problem: PricingProblem, prices: np.ndarray) -> float:
    """The objective of all offers at prices [S], the mean of the members."""
    objective, cost = problem.objective, problem.offers["cost"].to_numpy(np.float64)
    worth = unit_value(objective.name, prices, cost, objective.tax_rate, objective.fee_rate)
    return float(sold_units(problem, prices[None]).mean(0)[0] @ worth)
