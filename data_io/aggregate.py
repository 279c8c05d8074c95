"""Adds rows of one product, store and period up to one. Not for choosing the period: see frequency."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

KEYS = ["store", "product", "date"]
SUMMED = ("views", "sessions")
WEIGHTED = ("price", "cost")
LAST = ("stock",)


def aggregate(
    sales: pd.DataFrame, promotions: Iterable[str], numeric: Iterable[str], categorical: Iterable[str]
) -> pd.DataFrame:
    """One row per store, product and date, sorted so.

    Units, views and sessions are summed (units, net of returns, not below 0); price and cost are weighted by the units
    sold, or plain means where nothing was sold; stock and categorical features are the last known, promotions the
    largest, numeric features and the competitor's price the mean.

    Args:
        sales: [N] cleaned rows, dates moved to their period but in their original order in time.
        promotions, numeric, categorical: names of such columns in `sales`.
    """
    promotions, numeric, categorical = (
        [name for name in group if name in sales] for group in (promotions, numeric, categorical)
    )
    sales = sales.sort_values(KEYS, kind="stable", ignore_index=True)
    if not sales.duplicated(KEYS).any():
        return sales.assign(units=sales["units"].clip(lower=0.0))
    first = ~sales.duplicated(KEYS).to_numpy()
    groups = sales.groupby(np.cumsum(first) - 1)
    merged = sales.loc[first, KEYS].reset_index(drop=True)
    merged["units"] = groups["units"].sum().clip(lower=0.0)
    for name in WEIGHTED:
        if name in sales:
            merged[name] = _weighted(sales[name], sales["units"].clip(lower=0.0), groups.ngroup())
    for how, names in (
        ("sum", SUMMED),
        ("last", LAST),
        ("max", promotions),
        ("mean", ("competitor_price", *numeric)),
    ):
        for name in names:
            if name in sales and name not in merged:
                merged[name] = groups[name].sum(min_count=1) if how == "sum" else groups[name].agg(how)
    for name in categorical:
        known = sales[name].where(sales[name] != "")
        merged[name] = known.groupby(groups.ngroup()).last().fillna("").astype("str")
    return merged


def _weighted(values: pd.Series, weights: pd.Series, group: pd.Series) -> pd.Series:
    """Weighted mean per group of the known values; their plain mean where no weight is positive.

    Equal values give exactly themselves, without rounding.
    """
    weights = weights.where(values.notna(), 0.0)
    total = weights.groupby(group).sum()
    known = values.groupby(group)
    mean = ((values * weights).groupby(group).sum() / total.where(total > 0)).fillna(known.mean())
    low, high = known.min(), known.max()
    return mean.mask(low == high, low).clip(low, high)
