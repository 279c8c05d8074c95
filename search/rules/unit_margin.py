"""A margin floor for every unit sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from search.money import Money, exact
from search.rules.base import PriceRule, known_costs


@dataclass(frozen=True, kw_only=True)
class UnitMargin(PriceRule):
    """(net price - cost) / net price >= min, for unchanged prices too; net = after tax and fee."""

    type: ClassVar[str] = "unit_margin"
    min: float

    def __post_init__(self) -> None:
        if self.min >= 1:
            raise ValueError("min is a share of the net price and must be below 1 (0.1 = 10 %)")

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        _, high = super().limits(offers, money)
        share = money.net_share * (1 - exact(self.min))
        return money.at_least(exact(cost) / share for cost in known_costs(self, offers)), high

    def text(self) -> str:
        return f"unit margin of at least {self.min:.1%}{self._in_scope()}"
