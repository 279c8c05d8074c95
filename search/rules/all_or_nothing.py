"""Groups of offers of which either every one changes its price or none does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from search.rules.base import TIGHTENING, JointRule
from search.rules.changes import change_aids, changed_and_priced


@dataclass(frozen=True, kw_only=True)
class AllOrNothing(JointRule):
    """In every group, all prices change or none does; held offers do not count. `by`: column or columns of the offers
    that form the groups, blank = in none; without it, all offers in the scope are one group. The violation is the share
    of the group's prices that stand against the others."""

    type: ClassVar[str] = "all_or_nothing"
    by: tuple[str, ...] = ()

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        return self.groups_by(offers, self.by)

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        return change_aids(offers, decision, decimals)

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        changed, priced = changed_and_priced(view)
        return jnp.minimum(changed, priced - changed) / jnp.maximum(priced, 1.0) - TIGHTENING  # whole numbers

    def text(self) -> str:
        by = f" of one {', '.join(self.by)}" if self.by else ""
        return f"prices{by} change all or not at all{self._in_scope()}"
