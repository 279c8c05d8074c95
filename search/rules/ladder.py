"""A price ladder: changed prices come in steps, or from a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from data_io.errors import ConfigError
from search.money import Money, exact
from search.rules.base import PriceRule


@dataclass(frozen=True, kw_only=True)
class Ladder(PriceRule):
    """Changed prices (`every`: unchanged ones too) are start + a multiple of step (YAML: ``from``, default 0), or one
    of `prices`."""

    type: ClassVar[str] = "ladder"
    patterned: ClassVar[bool] = True
    step: float | None = None
    start: float = 0.0
    prices: tuple[float, ...] = ()
    every: bool = False

    def __post_init__(self) -> None:
        if (self.step is None) == (not self.prices):
            raise ValueError("needs step (with from) or prices, one of them")
        if self.step is not None and self.step <= 0:
            raise ValueError("step must be positive")
        if min(self.prices, default=1) <= 0:
            raise ValueError("prices must be positive")

    @property
    def changed_only(self) -> bool:
        return not self.every

    def points(self, low: int, high: int, money: Money) -> np.ndarray:
        if self.prices:
            listed = np.unique([self._whole(price, money) for price in self.prices])
            return listed[(listed >= low) & (listed <= high)]
        start, step = self._whole(self.start, money), self._whole(self.step, money)
        return np.arange(low + (start - low) % step, high + 1, step, dtype=np.int64)

    def fits(self, minor: np.ndarray, money: Money) -> np.ndarray:
        if self.prices:
            return np.isin(minor, [self._whole(price, money) for price in self.prices])
        return (np.asarray(minor) - self._whole(self.start, money)) % self._whole(self.step, money) == 0

    def _whole(self, price: float, money: Money) -> int:
        minor = exact(price) * 10**money.decimals
        if minor.denominator != 1:
            raise ConfigError(
                f"rule {self.name or self.type}: {price:g} has more than {money.decimals} decimals, so prices cannot "
                "follow the ladder. Give whole minor units or raise data.decimals."
            )
        return int(minor)

    def text(self) -> str:
        which = "all" if self.every else "changed"
        if self.prices:
            return f"{which} prices from {', '.join(f'{price:g}' for price in self.prices)}{self._in_scope()}"
        start = f" from {self.start:g}" if self.start else ""
        return f"{which} prices in steps of {self.step:g}{start}{self._in_scope()}"
