"""A margin floor over all sales in the scope together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from search.rules.base import JointRule, Linear, known_costs


@dataclass(frozen=True, kw_only=True)
class PortfolioMargin(JointRule):
    """(net revenue - cost of the units) / net revenue >= min, at the expected units."""

    type: ClassVar[str] = "portfolio_margin"
    of_revenue: ClassVar[bool] = True
    point: ClassVar[str] = "one point of margin"
    min: float

    def __post_init__(self) -> None:
        if self.min >= 1:
            raise ValueError("min is a share of the net revenue and must be below 1 (0.25 = 25 %)")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        selected = self.selects(offers)
        known_costs(self, offers[selected])
        return np.where(selected, 0, -1)

    def excess(self, view: Any) -> Any:
        from search.rules.view import ratio

        revenue = view.totals(view.net * view.units)
        return ratio(view.totals(view.cost * view.units) - (1 - self.min) * revenue, revenue)

    def linear(self, view: Any) -> list[Linear]:
        from search.rules.view import sums

        held = sums(view.units_current * view.current, view)
        return [Linear(view.units * (view.cost - (1 - self.min) * view.net), np.zeros(view.size), 2 * held)]

    def text(self) -> str:
        return f"portfolio margin of at least {self.min:.1%}{self._in_scope()}"
