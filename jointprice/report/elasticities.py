"""How products' prices move each other's units, as a table with intervals. Not for drawing it.

Axes: K members, J products, S offers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from search.evaluate import demanded_units
from search.types import PricingProblem

MOST = 12  # products
STEP = 0.01  # of a price
WEAK_OWN, WRONG_CROSS = -0.3, -0.05  # beyond which a sign or size is suspicious


class Cell(NamedTuple):
    """By how many per cent the row's units change where the column's price is 1 % higher in all stores: mean and 10 %
    and 90 % quantiles over the members; own: row and column are one product; suspicious: "" or why."""

    mean: float
    low: float
    high: float
    own: bool
    suspicious: str


class Elasticities(NamedTuple):
    """products [J] and cells [J][J], rows whose units and columns whose price; more: products left out."""

    products: list[str]
    cells: list[list[Cell]]
    more: int


def elasticities(problem: PricingProblem, prices: np.ndarray) -> Elasticities | None:
    """Of the products with the largest sales at prices [S]; None where nothing sells."""
    names = problem.offers["product"].to_numpy()
    base = demanded_units(problem, prices[None])[:, 0]
    sales = pd.Series(base.mean(0) * prices).groupby(names).sum().sort_values(ascending=False, kind="stable")
    chosen = sales[sales > 0].index[:MOST].tolist()
    if not chosen:
        return None
    member = names[None] == np.array(chosen)[:, None]  # [J, S]
    tried = np.where(np.resize(member, (MOST, len(names))), (1 + STEP) * prices, prices)  # one shape for all runs
    units = np.stack([(demanded_units(problem, tried) @ row) for row in member.astype(float)], -1)  # [K, MOST, J]
    before = (base @ member.T)[:, None]
    found = np.log(np.maximum(units, 1e-12) / np.maximum(before, 1e-12))[:, : len(chosen)] / np.log1p(STEP)
    mean, (low, high) = found.mean(0), np.quantile(found, (0.1, 0.9), axis=0)
    cells = [[_cell(mean[j, i], low[j, i], high[j, i], i == j) for j in range(len(chosen))] for i in range(len(chosen))]
    return Elasticities(chosen, cells, int((sales > 0).sum()) - len(chosen))


def _cell(mean: float, low: float, high: float, own: bool) -> Cell:
    why = ""
    if own and mean > WEAK_OWN:
        why = "hardly minds its price"
    elif not own and high < WRONG_CROSS:
        why = "complement, or wrong sign"
    return Cell(float(mean), float(low), float(high), own, why)
