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
from jointprice.promise import totals
from jointprice.schema import ScenarioSettings


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
    before = totals(outside, inside.current[None]).mean()
    holding, recommended = totals(inside, np.stack([inside.current, pricing.solution.prices])).mean(0)
    return {
        "competitor_percent": settings.competitor_percent,
        "cost_percent": settings.cost_percent,
        "holding_before": float(before),
        "holding": float(holding),
        "recommended": float(recommended),
    }


def _changes(settings: ScenarioSettings) -> dict[str, float]:
    """Column of the offers -> by how many per cent it is another."""
    return {"competitor_price": settings.competitor_percent, "cost": settings.cost_percent}
