"""A corridor around the competitor's price."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pandas as pd

from search.money import Money, exact
from search.rules.base import NO_HIGH, PriceRule


@dataclass(frozen=True, kw_only=True)
class Competitor(PriceRule):
    """competitor_price - below <= price <= competitor_price + above, for unchanged prices too.

    above and below are percents of the competitor's price (above_percent, below_percent) or amounts (above, below); a
    side without either is open, and negative numbers ask for prices on the other side (above_percent: -2 is 2 % under).
    Offers whose competitor_price is unknown are free.
    """

    type: ClassVar[str] = "competitor"
    above_percent: float | None = None
    below_percent: float | None = None
    above: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        for side in ("above", "below"):
            if getattr(self, side) is not None and getattr(self, f"{side}_percent") is not None:
                raise ValueError(f"takes {side} or {side}_percent, not both")
        if all(getattr(self, f"{side}{unit}") is None for side in ("above", "below") for unit in ("", "_percent")):
            raise ValueError("needs above_percent, below_percent, above or below")

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        low, high = super().limits(offers, money)
        rival = offers["competitor_price"].to_numpy(np.float64)
        known = np.isfinite(rival)
        prices = [exact(price) for price in rival[known]]
        if self.below is not None or self.below_percent is not None:
            low[known] = money.at_least(price - self._off(price, self.below, self.below_percent) for price in prices)
        if self.above is not None or self.above_percent is not None:
            most = money.at_most(price + self._off(price, self.above, self.above_percent) for price in prices)
            high[known] = np.minimum(most, NO_HIGH)
        return low, high

    def _off(self, price: Fraction, amount: float | None, percent: float | None) -> Fraction:
        return price * exact(percent) / 100 if amount is None else exact(amount)

    def text(self) -> str:
        sides = []
        for side in ("below", "above"):
            amount, percent = getattr(self, side), getattr(self, f"{side}_percent")
            sides += [] if amount is None else [f"{amount:g} {side}"]
            sides += [] if percent is None else [f"{percent:g} % {side}"]
        return f"prices at most {' and '.join(sides)} the competitor's{self._in_scope()}"
