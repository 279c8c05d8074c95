"""A floor under total units or revenue: prices may not buy profit with too much volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from search.rules.base import JointRule, Linear


@dataclass(frozen=True, kw_only=True)
class MinTotal(JointRule):
    """Expected total >= min, or >= share of the total expected at current prices, in every group; both where both are
    given. of: ``units``, or ``revenue`` (price / (1 + tax_rate) × units). `by`: column or columns that form the groups;
    without it, one group."""

    type: ClassVar[str] = "min_total"
    point: ClassVar[str] = "1 % of the total"
    of: str
    min: float | None = None
    share: float | None = None
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.of not in ("units", "revenue"):
            raise ValueError(f"of is units or revenue, not {self.of!r}")
        if self.min is None and self.share is None:
            raise ValueError("needs min (a total) or share (0.95 = 95 % of what current prices would sell)")
        if min(self.min or 0, self.share or 0) < 0:
            raise ValueError("min and share must not be negative")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        return self.groups_by(offers, self.by)

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        now, new = view.units_current, view.units
        if self.of == "revenue":
            now, new = (
                units * price / (1 + view.tax_rate) for units, price in ((now, view.current), (new, view.prices))
            )
        held, total = view.totals(now), view.totals(new)
        needs = jnp.maximum((self.share or 0.0) * held, self.min or 0.0)
        return (needs - total) / jnp.maximum(needs, 1e-9)

    def linear(self, view: Any) -> list[Linear]:
        from search.rules.view import sums

        new, now = view.units, view.units_current
        if self.of == "revenue":
            new, now = new * view.prices / (1 + view.tax_rate), now * view.current / (1 + view.tax_rate)
        needs = np.maximum((self.share or 0.0) * sums(now, view), self.min or 0.0)
        return [Linear(-new, -needs, needs)]

    def text(self) -> str:
        floors = [] if self.min is None else [f"{self.min:g}"]
        floors += [] if self.share is None else [f"{self.share:.1%} of those at current prices"]
        by = f" per {', '.join(self.by)}" if self.by else ""
        return f"total {self.of}{by} of at least {' and '.join(floors)}{self._in_scope()}"
