"""The offers' own bounds: columns min_price (0 = none) and max_price (inf = none)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from search.money import Money, exact
from search.rules.base import NO_HIGH, NO_LOW, PriceRule


@dataclass(frozen=True, kw_only=True)
class Bounds(PriceRule):
    """min_price <= price <= max_price, for unchanged prices too."""

    type: ClassVar[str] = "bounds"

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        low, high = super().limits(offers, money)
        lowest = offers["min_price"].to_numpy(np.float64)
        highest = offers["max_price"].to_numpy(np.float64)
        has_low = np.isfinite(lowest) & (lowest > NO_LOW)
        has_high = np.isfinite(highest)
        low[has_low] = money.at_least(map(exact, lowest[has_low]))
        high[has_high] = np.minimum(money.at_most(map(exact, highest[has_high])), NO_HIGH)
        return low, high

    def text(self) -> str:
        return f"prices within the offers' min_price and max_price{self._in_scope()}"
