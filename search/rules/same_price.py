"""One price for a family of offers, such as all flavours of a size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from search.rules.base import Rule, key_codes


@dataclass(frozen=True, kw_only=True)
class SamePrice(Rule):
    """Offers with the same value of `by` (one or more columns) share one price; blank = on its own."""

    type: ClassVar[str] = "same_price"
    by: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.by:
            raise ValueError("by must name at least one column")

    def families(self, offers: pd.DataFrame) -> np.ndarray:
        """[S] int64, number of the family, -1 = none."""
        return np.where(self.selects(offers), key_codes(offers, self.by, f"rule {self.name or self.type}"), -1)

    def text(self) -> str:
        return f"one price per {', '.join(self.by)}{self._in_scope()}"
