"""Price endings: changed prices end in certain digits, such as 9 or 95."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from search.money import Money
from search.rules.base import PriceRule


@dataclass(frozen=True, kw_only=True)
class Ending(PriceRule):
    """The last digits of a changed price in minor units are one of `cents`; `every`: of an unchanged one too.

    Endings below 10 are the last digit ([9, 5] allows 1.99, 1.25); if any is two digits long all are read as two
    ([95, 99, 0] allows 1.95, 1.99, 2.00).
    """

    type: ClassVar[str] = "ending"
    patterned: ClassVar[bool] = True
    cents: tuple[int, ...]
    every: bool = False

    def __post_init__(self) -> None:
        if not self.cents:
            raise ValueError("cents must list at least one ending")
        if min(self.cents) < 0 or max(self.cents) > 99:
            raise ValueError("cents must be from 0 to 99")

    @property
    def changed_only(self) -> bool:
        return not self.every

    @property
    def _modulus(self) -> int:
        return 100 if max(self.cents) > 9 else 10

    def points(self, low: int, high: int, money: Money) -> np.ndarray:
        first = [low + (cents - low) % self._modulus for cents in self.cents]
        return np.unique(np.concatenate([np.arange(start, high + 1, self._modulus) for start in first]))

    def fits(self, minor: np.ndarray, money: Money) -> np.ndarray:
        return np.isin(np.asarray(minor) % self._modulus, self.cents)

    def text(self) -> str:
        width = len(str(self._modulus)) - 1
        which = "all" if self.every else "changed"
        return f"{which} prices end in {' or '.join(f'{cents:0{width}d}' for cents in self.cents)}{self._in_scope()}"
