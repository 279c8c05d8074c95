"""Exact arithmetic of prices: decimal text, minor units (cents) and net prices. Not for anything compiled.

A price is a decimal number, 2.30 and not 2.2999999999999998: limits are computed on fractions of the decimal text
and prices are compared as whole minor units, so a rule's edge is neither lost nor overstepped by rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

NEAR_TIE = 1e-9  # relative, far more than a float's product errs: only there can it round another way than the text


@dataclass(frozen=True)
class Money:
    """How prices are written and what remains of them.

    Attributes:
        decimals: decimals of a price; one minor unit is 10 ** -decimals.
        tax_rate, fee_rate: see search.types.Objective.
    """

    decimals: int = 2
    tax_rate: float = 0.0
    fee_rate: float = 0.0

    def minor(self, prices: np.ndarray) -> np.ndarray:
        """Prices [...] -> int64 minor units, the decimal text rounded half to even."""
        prices = np.asarray(prices, np.float64)
        scale = 10**self.decimals
        minor = np.asarray(np.rint(prices * scale))
        tied = ~(np.abs(np.abs(prices * scale - minor) - 0.5) >= NEAR_TIE * (1 + np.abs(minor)))  # no numbers too
        minor[tied] = [round(exact(price) * scale) for price in prices[tied]]
        return minor.astype(np.int64)

    def price(self, minor: np.ndarray) -> np.ndarray:
        """Minor units [...] -> float64 prices that print with at most `decimals` decimals."""
        return np.asarray(minor, np.float64) / 10**self.decimals

    def at_least(self, limits: Iterable[Fraction]) -> np.ndarray:
        """Lower limits [n] -> the smallest minor units [n] int64 that reach them."""
        scale = 10**self.decimals
        return np.array([math.ceil(limit * scale) for limit in limits], np.int64)

    def at_most(self, limits: Iterable[Fraction]) -> np.ndarray:
        """Upper limits [n] -> the largest minor units [n] int64 that keep within them."""
        scale = 10**self.decimals
        return np.array([math.floor(limit * scale) for limit in limits], np.int64)

    @property
    def net_share(self) -> Fraction:
        """Share of a price that is left after tax and fee."""
        return (1 - exact(self.fee_rate)) / (1 + exact(self.tax_rate))


def exact(number: float) -> Fraction:
    """The fraction that a float's shortest decimal text stands for: 0.1 is one tenth."""
    return Fraction(repr(float(number)))
