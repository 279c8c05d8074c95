"""How much to buy for one period at a price: the newsvendor's quantile of demand, and what a stock then brings.

Demand of an offer is a mixture over members of negative binomials, Var = μ + φ μ². Axes: K members, S offers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from search.stock import LEAST_DISPERSION, expected_sales

HALVINGS = 48  # stocks up to 2 ** 48 units


class Economics(NamedTuple):
    """Money per unit: what a sale leaves, what a unit costs, and what one that is left over is worth. Each [S]."""

    net: np.ndarray
    cost: np.ndarray
    left_over: np.ndarray

    @property
    def critical_ratio(self) -> np.ndarray:
        """[S] (net - cost) / (net - left_over): the chance of not running out that pays (Arrow, Harris & Marschak
        1951); 0 where nothing should be bought. NaN where the cost is unknown."""
        gain, stake = self.net - self.cost, self.net - self.left_over
        return np.where(np.isnan(gain), np.nan, np.where(gain > 0, gain / np.where(stake > 0, stake, 1.0), 0.0))


class Outcome(NamedTuple):
    """What a stock is expected to bring, each [S]: units sold and left over, the chance of not running out, profit."""

    units: np.ndarray
    left_over: np.ndarray
    service_level: np.ndarray
    profit: np.ndarray


def not_running_out(stock: np.ndarray, demand: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[S] the chance that demand with members' means [K, S] is at most the stock [S]."""
    shape = 1 / np.maximum(dispersion, LEAST_DISPERSION)
    return betainc(shape, np.floor(stock) + 1, shape / (shape + demand)).mean(axis=0)


def stock_for(service_level: np.ndarray, demand: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[S] the least whole stock at which the chance of not running out reaches service_level [S] (below 1)."""
    low, high = np.full(len(dispersion), -1.0), np.full(len(dispersion), 2.0**HALVINGS)
    for _ in range(HALVINGS + 1):
        middle = np.floor(0.5 * (low + high))
        enough = not_running_out(np.maximum(middle, 0), demand, dispersion) >= service_level
        low, high = np.where(enough, low, middle), np.where(enough & (middle > low), middle, high)
    return np.where(service_level > 0, high, 0.0)


def outcome(stock: np.ndarray, demand: np.ndarray, dispersion: np.ndarray, money: Economics) -> Outcome:
    """What a stock [S] brings when members expect the demand [K, S]; φ [S]."""
    units = expected_sales(demand, stock, dispersion).mean(axis=0)
    left = stock - units
    profit = money.net * units + money.left_over * left - money.cost * stock
    return Outcome(units, left, not_running_out(stock, demand, dispersion), profit)
