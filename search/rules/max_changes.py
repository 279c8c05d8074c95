"""At most so many changed prices: every change is work at the shelf."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from search.money import exact
from search.rules.base import TIGHTENING, JointRule, Linear
from search.rules.changes import change_aids, changed_and_priced


@dataclass(frozen=True, kw_only=True)
class MaxChanges(JointRule):
    """Changed offers <= count, or <= share of the offers in the scope (held ones too), in every group; both where both
    are given. `by`: column or columns of the offers that form the groups; without it, one group."""

    type: ClassVar[str] = "max_changes"
    share: float | None = None
    count: int | None = None
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.share is None and self.count is None:
            raise ValueError("needs share (0.25 = a quarter of the offers) or count")
        if not 0 <= (self.share or 0) <= 1:
            raise ValueError("share is from 0 to 1 (0.25 = a quarter of the offers)")
        if (self.count or 0) < 0:
            raise ValueError("count must not be negative")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        return self.groups_by(offers, self.by)

    def most(self, size: int) -> int:
        """How many of a group's offers may change."""
        by_share = size if self.share is None else math.floor(exact(self.share) * size)
        return min(by_share, size if self.count is None else self.count)

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        """Beside change_aids, part: [S] the group's limit over its size."""
        _, place, sizes = np.unique(self.groups(offers), return_inverse=True, return_counts=True)
        part = np.array([self.most(int(size)) / size for size in sizes])[place]
        return change_aids(offers, decision, decimals) | {"part": part}

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        changed, priced = changed_and_priced(view)
        most = jnp.round(view.totals(view.aids["part"]))
        return (changed - most) / jnp.maximum(priced, 1.0) - TIGHTENING  # whole numbers

    def linear(self, view: Any) -> list[Linear]:
        from search.rules.view import sums

        changed = view.prices.astype(np.float32) != view.aids["kept"].astype(np.float32)
        most = np.rint(sums(view.aids["part"], view))
        return [Linear(np.where(changed, view.aids["priced"], 0.0), most, np.zeros(view.size))]  # whole numbers

    def text(self) -> str:
        by_share = [] if self.share is None else [f"{self.share:.1%} of the offers"]
        by_count = [] if self.count is None else [f"{self.count:d} offers"]
        by = f" per {', '.join(self.by)}" if self.by else ""
        return f"at most {' and '.join(by_share + by_count)} change price{by}{self._in_scope()}"
