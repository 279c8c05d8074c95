"""Treats what the policies say to treat, each time with a sentence for the report. Not for refusing: see validate.

Returns under ``net`` and duplicates under ``sum`` are settled where rows are aggregated (data_io.aggregate).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.query import select
from data_io.settings import PolicySettings
from data_io.tabular import fault

SANE_COST = (0.25, 4.0)
"""Sane costs lie within these multiples of the product's median cost."""


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``, ``3 series``."""
    return f"{number:,} {noun}{'' if number == 1 or noun.endswith('s') else 's'}"


def exclude(sales: pd.DataFrame, policy: PolicySettings, file: str) -> tuple[pd.DataFrame, list[str]]:
    """Leave out the rows that match any query of the policy."""
    out, told = np.zeros(len(sales), bool), []
    for query in policy.exclude:
        hit = select(sales, query, where="data.policy.exclude")
        told.append(f"{counted(int(hit.sum()), 'sales row')} left out by data.policy.exclude: {query}.")
        out |= hit
    if out.all():
        raise fault("no-rows", file, "data.policy.exclude leaves no rows", "Narrow its queries")
    return (sales[~out] if out.any() else sales), told


def clean(sales: pd.DataFrame, policy: PolicySettings, file: str) -> tuple[pd.DataFrame, list[str]]:
    """Apply the policies to validated sales.

    Args:
        sales: typed columns of the canonical table, with ``store``; dates still as given.

    Returns:
        The treated rows and a sentence for each treatment that touched any.
    """
    told: list[str] = []
    sales = _drop(
        sales,
        sales["price"].isna(),
        told,
        "without price and without units left out: the price of these periods is unknown",
    )
    if policy.returns == "drop":
        sales = _drop(sales, sales["units"] < 0, told, "with negative units left out (data.policy.returns=drop)")
    else:
        returned = int((sales["units"] < 0).sum())
        if returned:
            told.append(f"{counted(returned, 'row')} with negative units netted within their period, not below 0.")
    if sales.empty:
        raise fault("no-rows", file, "the policies leave no rows", "Give rows with prices and sales")
    keys = ["date", "product", "store"]
    twice = sales.duplicated(keys, keep="last")
    if policy.duplicates == "last":
        sales = _drop(sales, twice, told, "with the date, product and store of a later row left out")
    elif twice.any():
        told.append(
            f"{counted(int(twice.sum()), 'row')} with the date, product and store of another added to it "
            "(units summed, price weighted by units)."
        )
    if "cost" in sales and policy.absurd_cost == "repair":
        sales = _repair_costs(sales, told)
    if "stock" in sales and (sales["stock"] < 0).any():
        told.append(f"{counted(int((sales['stock'] < 0).sum()), 'negative stock')} read as 0.")
        sales = sales.assign(stock=sales["stock"].clip(lower=0.0))
    return sales, told


def absurd_costs(sales: pd.DataFrame) -> np.ndarray:
    """[N] bool: costs <= 0, or outside `SANE_COST` times the product's median positive cost."""
    cost = sales["cost"]
    median = cost.where(cost > 0).groupby(sales["product"]).transform("median")
    low, high = SANE_COST
    return ((cost <= 0) | (cost < low * median) | (cost > high * median)).to_numpy()


def _drop(sales: pd.DataFrame, out: pd.Series, told: list[str], why: str) -> pd.DataFrame:
    if not out.any():
        return sales
    told.append(f"{counted(int(out.sum()), 'row')} {why}.")
    return sales[~out]


def _repair_costs(sales: pd.DataFrame, told: list[str]) -> pd.DataFrame:
    """Absurd costs -> the product's last sane cost in that store, else its median sane cost, else unknown."""
    absurd = absurd_costs(sales)
    if not absurd.any():
        return sales
    ordered = sales.assign(cost=sales["cost"].mask(absurd)).sort_values(["store", "product", "date"], kind="stable")
    last = ordered.groupby(["store", "product"], sort=False)["cost"].ffill()
    median = ordered.groupby("product")["cost"].transform("median")
    repaired = sales["cost"].mask(absurd, last.fillna(median))
    unknown = int(repaired[absurd].isna().sum())
    rest = f"; {counted(unknown, 'cost')} of products without any sane cost stay unknown" if unknown else ""
    told.append(
        f"{counted(int(absurd.sum()), 'absurd cost')} (not above 0, or outside a quarter to four times the product's "
        f"median) replaced by the product's last sane cost in that store, else its median{rest}."
    )
    return sales.assign(cost=repaired)
