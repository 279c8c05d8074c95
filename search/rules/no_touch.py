"""Prices that must not change, such as those of a running promotion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from search.money import Money
from search.rules.base import NO_HIGH, NO_LOW, PriceRule


@dataclass(frozen=True, kw_only=True)
class NoTouch(PriceRule):
    """The price stays the current one. The offers are priced, not held: what they cannot keep beside it is an error."""

    type: ClassVar[str] = "no_touch"
    changed_only: ClassVar[bool] = True

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        return np.full(len(offers), NO_HIGH, np.int64), np.full(len(offers), NO_LOW, np.int64)

    def text(self) -> str:
        return f"prices unchanged{self._in_scope()}"
