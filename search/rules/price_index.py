"""A price index per group stays in a band: gains must come from the mix, not from raising everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from search.rules.base import JointRule, Linear


@dataclass(frozen=True, kw_only=True)
class PriceIndex(JointRule):
    """min <= sum(q p) / sum(q p_current) <= max in every group, q = expected units at current prices.

    Laspeyres' index. `by`: column or columns of the offers that form the groups; without it, one group.
    """

    type: ClassVar[str] = "price_index"
    of_revenue: ClassVar[bool] = True
    point: ClassVar[str] = "one point of the index"
    min: float | None = None
    max: float | None = None
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both (1 = the current level)")
        if (self.min or 0) > (self.max if self.max is not None else float("inf")):
            raise ValueError("min must not exceed max")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        return self.groups_by(offers, self.by)

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        from search.rules.view import ratio

        # 1 + the relative change, summed as differences: float32 keeps the small number, not the large one.
        held = view.totals(view.units_current * view.current)
        index = 1 + ratio(view.totals(view.units_current * (view.prices - view.current)), held)
        over = index - (jnp.inf if self.max is None else self.max)
        under = (-jnp.inf if self.min is None else self.min) - index
        return jnp.maximum(over, under)

    def linear(self, view: Any) -> list[Linear]:
        from search.rules.view import sums

        held = sums(view.units_current * view.current, view)
        change = view.units_current * (view.prices - view.current)
        high = [] if self.max is None else [Linear(change, (self.max - 1) * held, held)]
        return high + ([] if self.min is None else [Linear(-change, (1 - self.min) * held, held)])

    def text(self) -> str:
        low = "" if self.min is None else f" from {self.min:g}"
        high = "" if self.max is None else f" to {self.max:g}"
        by = f" per {', '.join(self.by)}" if self.by else ""
        return f"price index{by}{low}{high}{self._in_scope()}"
