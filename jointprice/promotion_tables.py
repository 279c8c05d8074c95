"""promotions.csv and the totals of task=promote: what each deal brings, now and later, and whose sales it takes.

Axes: O offers, H periods; money per horizon.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ensemble.promoted import horizon_units
from jointprice.promotions import Promotions

AT_A_TIME = 16  # deals whose own effects are asked together


def promotions_table(found: Promotions, currency: str, cost: float) -> pd.DataFrame:
    """One row per offer.

    units_without and units are of the deal's period, with all chosen deals; profit_now, pull_forward, cannibalisation,
    halo and gain are of the offer's deal alone: its own money in the deal's period and in the periods after it, and
    what other products of its store lose and win over the horizon.
    """
    offers, deals, chosen = found.offers, found.deals, found.chosen
    rows = np.arange(len(offers))
    units = horizon_units(found.demand, np.stack([np.zeros_like(chosen), chosen])).mean(0)  # [2, H, O]
    parts = _parts(found)
    dealt = chosen > 0
    gain = sum(parts.values()) - cost * dealt
    return pd.DataFrame(
        {
            "product": offers["product"],
            "store": offers["store"],
            "category": offers["category"],
            "regular_price": offers["current_price"],
            "mechanic": deals.mechanic[chosen],
            "depth_pct": (100 * deals.depth[chosen]).round(4),
            "tag": deals.tag[rows, chosen],
            "mean_price": deals.price[rows, chosen].round(6),
            "units_without": units[0, 0].round(6),
            "units": units[1, 0].round(6),
            "units_later_without": units[0, 1:].sum(0).round(6),
            "units_later": units[1, 1:].sum(0).round(6),
            **{name: values.round(6) for name, values in parts.items()},
            "gain": gain.round(6),
            "discount": found.discount.round(6),
            "status": np.where(found.held != "", "held", np.where(dealt, "deal", "no deal")),
            "note": found.held,
            "currency": currency,
        }
    )


def _parts(found: Promotions) -> dict[str, np.ndarray]:
    """[O] profit_now, pull_forward, cannibalisation and halo of each offer's deal alone, 0 without one."""
    size = len(found.chosen)
    parts = {name: np.zeros(size) for name in ("profit_now", "pull_forward", "cannibalisation", "halo")}
    store = pd.factorize(found.offers["store"])[0]
    without = _money(found, np.zeros((1, size), int))[0]  # [2, O]
    dealt = np.unique(found.decision[found.chosen > 0])
    for first in range(0, len(dealt), AT_A_TIME):
        some = np.resize(dealt[first : first + AT_A_TIME], AT_A_TIME)  # one shape, compiled once
        mine = found.decision == some[:, None]
        change = _money(found, np.where(mine, found.chosen, 0)) - without  # [B, 2, O]
        others = np.where(mine, 0, change.sum(1))
        won, lost = (_by_store(part, store) for part in (np.maximum(others, 0), np.minimum(others, 0)))
        values = (change[:, 0], change[:, 1], lost[:, store], won[:, store])
        for number, rows in enumerate(mine[: len(dealt) - first]):
            for name, value in zip(parts, values, strict=True):
                parts[name][rows] = value[number, rows]
    return parts


def _money(found: Promotions, options: np.ndarray) -> np.ndarray:
    """[B, 2, O] money of each offer under options [B, O], in the deal's period and after it, the members' mean."""
    units = horizon_units(found.demand, options).mean(0)
    worth = np.nan_to_num(found.worth)
    now = worth[np.arange(options.shape[1]), options] * units[:, 0]
    return np.stack([now, worth[:, 0] * units[:, 1:].sum(1)], 1)


def _by_store(values: np.ndarray, store: np.ndarray) -> np.ndarray:
    """[B, M] sums of [B, O]."""
    return np.stack([np.bincount(store, row) for row in values])


def totals(found: Promotions, horizon: int, budget: float | None) -> dict[str, Any]:
    """The summary's figures."""
    promise = found.promise
    return {
        "promotions": {
            "offers": len(found.offers),
            "deals": int((found.chosen > 0).sum()),
            "held": int((found.held != "").sum()),
            "horizon": horizon,
            "gain": float(found.gain.mean()),
            "promised": {name: getattr(promise, name, None) for name in ("mean", "p10", "p90")},
            "discount": float(found.discount.sum()),
            "budget": budget,
        }
    }
