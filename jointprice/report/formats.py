"""Figures as people read them: money, percentages, numbers; what is unknown is a dash. Not for HTML."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

UNKNOWN = "–"
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Formats:
    """How one run writes its figures.

    Attributes:
        currency: of the data.
        decimals: of a price.
        objective: ``profit``, ``revenue`` or ``units``; says whether `worth` is money.
    """

    currency: str
    decimals: int
    objective: str

    def price(self, value: float | None) -> str:
        return UNKNOWN if unknown(value) else f"{value:,.{self.decimals}f}"

    def money(self, value: float | None, sign: bool = False) -> str:
        return UNKNOWN if unknown(value) else f"{_number(value, 2, sign)}{NO_BREAK}{self.currency}"

    def worth(self, value: float | None, sign: bool = False) -> str:
        """A total of the objective: money, or units."""
        if self.objective == "units" and not unknown(value):
            return f"{_number(value, 1, sign)}{NO_BREAK}units"
        return self.money(value, sign)

    def filters(self) -> dict[str, Callable]:
        """By name, for the template."""
        return {
            "price": self.price,
            "money": self.money,
            "worth": self.worth,
            "share": share,
            "figure": figure,
            "total": total,
        }


def unknown(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def share(value: float | None, sign: bool = False) -> str:
    """0.153 -> 15.3 %."""
    return UNKNOWN if unknown(value) else f"{_number(100 * value, 1, sign)}{NO_BREAK}%"


def total(value: float | None, decimals: int = 2, sign: bool = False) -> str:
    """A sum of money or units without its unit."""
    return UNKNOWN if unknown(value) else _number(value, decimals, sign)


def figure(value: float | None) -> str:
    """Any number to about four digits; whole ones in full."""
    if unknown(value):
        return UNKNOWN
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.4g}"


def _number(value: float, decimals: int, sign: bool) -> str:
    value = round(value, decimals) + 0.0  # no "-0.00"
    return f"{value:{'+' if sign else ''},.{decimals}f}"
