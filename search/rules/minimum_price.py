"""Prices not below a column of the offers, such as a minimum advertised price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from search.money import Money, exact
from search.rules.base import NO_HIGH, PriceRule, key_codes


@dataclass(frozen=True, kw_only=True)
class MinimumPrice(PriceRule):
    """price >= the offers' column `column` (blank = none), for unchanged prices too."""

    type: ClassVar[str] = "minimum_price"
    column: str

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        low, high = super().limits(offers, money)
        key_codes(offers, self.column, f"rule {self.name or self.type}")
        least = pd.to_numeric(offers[self.column], errors="coerce").to_numpy(np.float64)
        unread = offers[self.column].notna().to_numpy() & ~(np.abs(least) < NO_HIGH)
        if unread.any():
            value = str(offers[self.column].iloc[int(np.flatnonzero(unread)[0])])
            name = self.name or self.type
            raise ConfigError(f"rule {name}: the column {self.column} must hold prices, not {value!r}.")
        known = np.isfinite(least)
        low[known] = money.at_least(map(exact, least[known]))
        return low, high

    def text(self) -> str:
        return f"prices not below {self.column}{self._in_scope()}"
