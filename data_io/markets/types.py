"""What a known-truth market gives: tables as a retailer has them, and the truth that the engine never sees.

Axes: P candidates, S offers (sorted by store, product), J products, M stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Market:
    """One market drawn from a seed.

    Attributes:
        name, variant, seed: how it was drawn.
        sales, products, offers: tables in the contract's columns; offers are sorted by store, product.
        promotions: names of the promotion columns in sales.
        expected_units: the truth: prices [..., S] and an array module (numpy or jax.numpy) -> expected units
            [..., S] in the period to price.
        facts: published numbers (instrument strength, segment weights) for documentation.
    """

    name: str
    variant: str
    seed: int
    sales: pd.DataFrame
    products: pd.DataFrame
    offers: pd.DataFrame
    promotions: tuple[str, ...]
    expected_units: Callable[[Any, Any], Any]
    facts: dict[str, float] = field(default_factory=dict)

    def offer_profit(self, prices: np.ndarray) -> np.ndarray:
        """Expected profit [..., S] of each offer at prices [..., S] under the truth, in float64."""
        return (prices - self.offers["cost"].to_numpy()) * self.expected_units(prices, np)

    def profit(self, prices: np.ndarray) -> np.ndarray:
        """Expected profit [...] of all offers at prices [..., S] under the truth, in float64."""
        return self.offer_profit(prices).sum(-1)

    @property
    def hold(self) -> np.ndarray:
        """[S] prices that holding keeps."""
        return self.offers["current_price"].to_numpy()

    def own_elasticity(self, step: float = 1e-4) -> np.ndarray:
        """[S] true own-price elasticities at the holding prices, by central differences in log price."""
        factors = np.exp(step * np.eye(len(self.hold)))
        up = self.expected_units(self.hold * factors, np)
        down = self.expected_units(self.hold / factors, np)
        return (np.log(np.diagonal(up)) - np.log(np.diagonal(down))) / (2 * step)


def week_dates(weeks: int, start: str = "2023-01-02") -> pd.DatetimeIndex:
    """[weeks] Mondays from `start`."""
    return pd.date_range(start, periods=weeks, freq="7D")


def long_table(columns: dict[str, np.ndarray], stores: np.ndarray, dates: pd.DatetimeIndex, products: np.ndarray):
    """Arrays [M, T, J] -> one row per store, date and product, sorted so."""
    index = pd.MultiIndex.from_product([stores, dates, products], names=["store", "date", "product"])
    return pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index).reset_index()
