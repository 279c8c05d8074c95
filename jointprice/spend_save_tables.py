"""What task=spend_save writes: every deal and what it does, and the chosen one. Not for deciding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data_io.markets.baskets import BasketMarket
from jointprice.spend_save import SpendSave

DECIMALS = 6


def deals_table(found: SpendSave) -> pd.DataFrame:
    """[L] rows of spend_save.csv; money is per period, net of tax, fee and cost, shares are of all baskets."""
    low, high = np.quantile(found.gain, [0.1, 0.9], axis=0)
    means = {
        name: [getattr(one, name).mean() for one in found.effects]
        for name in ("baskets", "already", "stretched", "added")
    }
    table = pd.DataFrame(
        {
            "spend": [deal.spend for deal in found.deals],
            "save": [deal.save for deal in found.deals],
            **means,
            "given_away": found.given.mean(0),
            "gain": found.gain.mean(0),
            "gain_p10": low,
            "gain_p90": high,
            "break_even": _break_even(found),
        }
    ).round(DECIMALS)
    table["tried"] = np.where(found.known, "near", "not tried")
    table["chosen"] = np.arange(len(table)) == (-1 if found.chosen is None else found.chosen)
    return table


def totals(found: SpendSave, frequency: str) -> dict[str, Any]:
    """The summary's keys; spend and save are null where no deal pays."""
    chosen, promise = found.chosen, found.promise
    names = ("mean", "p10", "p90")
    told = {
        "deals": len(found.deals),
        "per": frequency,
        "margin": round(found.margin, DECIMALS),
        "spend": None,
        "save": None,
        "gain": 0.0,
        "given_away": 0.0,
        "break_even": None,
        "promised": {name: None if promise is None else getattr(promise, name) for name in names},
    }
    if chosen is not None:
        deal = found.deals[chosen]
        told |= {"spend": deal.spend, "save": deal.save, "break_even": float(_break_even(found)[chosen])}
        told |= {"gain": float(found.gain[:, chosen].mean()), "given_away": float(found.given[:, chosen].mean())}
    return told


def against_truth(found: SpendSave, shop: BasketMarket) -> dict[str, float]:
    """What the choice really brings, and the best of the same deals, near past ones; captured: of what that brings."""
    real = [shop.gain(*deal) if known else 0.0 for deal, known in zip(found.deals, found.known, strict=True)]
    ours, best = 0.0 if found.chosen is None else real[found.chosen], max(0.0, *real)
    return {"realised": ours, "best": best, "captured": ours / best if best > 0 else float(ours >= 0)}


def _break_even(found: SpendSave) -> np.ndarray:
    """[L] the share of what is added that may have been bought later anyway before the deal loses."""
    added = (found.gain + found.given).mean(0)
    return np.where(added > 0, np.maximum(found.gain.mean(0), 0.0) / np.where(added > 0, added, 1.0), 0.0)
