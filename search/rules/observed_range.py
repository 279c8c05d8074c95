"""Prices within what the product has been sold at: beyond it the demand model extrapolates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from search.money import Money, exact
from search.rules.base import NO_HIGH, NO_LOW, PriceRule


@dataclass(frozen=True, kw_only=True)
class ObservedRange(PriceRule):
    """observed_min × (1 - tolerance) <= price <= observed_max × (1 + tolerance).

    An unchanged price is always allowed; where nothing was observed, only that one.
    """

    type: ClassVar[str] = "observed_range"
    changed_only: ClassVar[bool] = True
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise ValueError("tolerance must not be negative")

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        lowest = offers["observed_min"].to_numpy(np.float64)
        highest = offers["observed_max"].to_numpy(np.float64)
        seen = np.isfinite(lowest) & np.isfinite(highest)
        low, high = np.full(len(offers), NO_HIGH, np.int64), np.full(len(offers), NO_LOW, np.int64)
        slack = exact(self.tolerance)
        low[seen] = money.at_least(exact(price) * (1 - slack) for price in lowest[seen])
        high[seen] = money.at_most(exact(price) * (1 + slack) for price in highest[seen])
        return low, high

    def text(self) -> str:
        beyond = f", {self.tolerance:.0%} beyond" if self.tolerance else ""
        return f"prices within the product's observed range{beyond}{self._in_scope()}"
