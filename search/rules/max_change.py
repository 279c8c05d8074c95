"""At most so much change from the current price, in percent or as an amount."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pandas as pd

from search.money import Money, exact
from search.rules.base import PriceRule


@dataclass(frozen=True, kw_only=True)
class MaxChange(PriceRule):
    """|price - current| <= current × percent / 100, or <= amount; both where both are given."""

    type: ClassVar[str] = "max_change"
    changed_only: ClassVar[bool] = True
    percent: float | None = None
    amount: float | None = None

    def __post_init__(self) -> None:
        if self.percent is None and self.amount is None:
            raise ValueError("needs percent or amount")
        if min(self.percent or 0, self.amount or 0) < 0:
            raise ValueError("percent and amount must not be negative")

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        current = [exact(price) for price in offers["current_price"]]
        change = [self._most(price) for price in current]
        low = money.at_least(price - most for price, most in zip(current, change, strict=True))
        high = money.at_most(price + most for price, most in zip(current, change, strict=True))
        return low, high

    def _most(self, current: Fraction) -> Fraction:
        by_percent = None if self.percent is None else current * exact(self.percent) / 100
        by_amount = None if self.amount is None else exact(self.amount)
        return min(most for most in (by_percent, by_amount) if most is not None)

    def text(self) -> str:
        by_percent = [] if self.percent is None else [f"{self.percent:g} %"]
        by_amount = [] if self.amount is None else [f"{self.amount:g}"]
        return f"at most {' and '.join(by_percent + by_amount)} change from the current price{self._in_scope()}"
