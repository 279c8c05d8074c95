"""From rules on single prices to the allowed prices of offers and decisions. Not for joint rules.

Everything is in whole minor units (cents), so an allowed price is exactly allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from search.money import Money
from search.rules.base import NO_HIGH, NO_LOW, PriceRule, Rule

WIDEST_MOVE = 2.0  # where no rule bounds a price on a side: at most this factor from the current price


@dataclass(frozen=True)
class Limit:
    """One rule's interval for the offers in its scope: low, high [S] int64, open outside the scope."""

    rule: PriceRule
    selected: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Allowance:
    """What the rules on single prices allow each offer; S offers, minor units.

    A changed price lies in [low, high] and fits every pattern that selects the offer; the current price is allowed
    where `unchanged` says so.
    """

    money: Money
    current: np.ndarray
    low: np.ndarray
    high: np.ndarray
    unchanged: np.ndarray
    limits: tuple[Limit, ...]

    def patterns(self, rows: np.ndarray) -> tuple[PriceRule, ...]:
        """Pattern rules that select any of the offers [n] (row numbers)."""
        return tuple(limit.rule for limit in self.limits if limit.rule.patterned and limit.selected[rows].any())

    def points(self, low: int, high: int, patterns: Sequence[PriceRule]) -> np.ndarray | range:
        """All minor units in [low, high] that fit the patterns, ascending."""
        if not patterns:
            return range(low, high + 1)
        points = patterns[0].points(low, high, self.money)
        for rule in patterns[1:]:
            points = points[rule.fits(points, self.money)]
        return points

    def conflict(self, rows: np.ndarray) -> str:
        """Which rules leave the offers [n] (row numbers) no common price, with their amounts."""
        low, high = int(self.low[rows].max()), int(self.high[rows].min())
        if low == NO_HIGH:  # a rule with an empty interval: nothing but the current price
            return f"{self._tightest(rows, lambda limit: limit.low[rows].max() == low, '')} allows no changed price"
        if low > high:
            needs = self._tightest(rows, lambda limit: limit.low[rows].max() == low, "the search range")
            allows = self._tightest(rows, lambda limit: limit.high[rows].min() == high, "the search range")
            return f"{needs} needs >= {self.write(low)}, {allows} allows <= {self.write(high)}"
        names = " and ".join(rule.name or rule.type for rule in self.patterns(rows))
        return f"no price from {self.write(low)} to {self.write(high)} fits {names}"

    def write(self, minor: int) -> str:
        """A price for people."""
        return f"{minor / 10**self.money.decimals:.{self.money.decimals}f}"

    def _tightest(self, rows: np.ndarray, matches, default: str) -> str:
        found = [limit.rule.name or limit.rule.type for limit in self.limits if matches(limit)]
        return found[0] if found else default


def allowance(offers: pd.DataFrame, rules: Sequence[Rule], priced: np.ndarray, money: Money) -> Allowance:
    """What the price rules allow the offers [S] that are priced (bool [S])."""
    current = money.minor(offers["current_price"].to_numpy())
    limits = tuple(_limit(rule, offers, priced, money) for rule in rules if isinstance(rule, PriceRule))
    low, high = _intersection(limits, len(offers))
    always_low, always_high = _intersection([limit for limit in limits if not limit.rule.changed_only], len(offers))
    unchanged = (current >= always_low) & (current <= always_high) & (current > 0)
    for limit in limits:
        if limit.rule.patterned and not limit.rule.changed_only:
            unchanged &= ~limit.selected | limit.rule.fits(current, money)
    open_low, open_high = low <= NO_LOW, high >= NO_HIGH
    highest = np.where(open_high, (np.maximum(current, low) * WIDEST_MOVE).astype(np.int64), high)
    lowest = np.where(open_low, np.ceil(np.minimum(current, highest) / WIDEST_MOVE).astype(np.int64), low)
    return Allowance(money, current, np.maximum(lowest, 1), highest, unchanged, limits)


def stuck(allowed: Allowance, priced: np.ndarray) -> np.ndarray:
    """Row numbers of priced offers that have no allowed price at all, not even the current one."""
    doubtful = np.flatnonzero(priced & ~allowed.unchanged)
    return np.array([row for row in doubtful if not _has_price(allowed, row)], np.int64)


def _has_price(allowed: Allowance, row: int) -> bool:
    rows = np.array([row])
    return len(allowed.points(int(allowed.low[row]), int(allowed.high[row]), allowed.patterns(rows))) > 0


def ladder_of(allowed: Allowance, rows: np.ndarray, max_rungs: int) -> np.ndarray:
    """Allowed prices that the offers [n] (row numbers) have in common: ascending minor units [L], maybe none.

    Above max_rungs they are thinned evenly; both ends and the current price stay.
    """
    points = allowed.points(int(allowed.low[rows].max()), int(allowed.high[rows].min()), allowed.patterns(rows))
    current = allowed.current[rows]
    stays = current[:1] if (current == current[0]).all() and allowed.unchanged[rows].all() else current[:0]
    room = max_rungs - len(stays)
    if len(points) > room:
        index = np.unique(np.linspace(0, len(points) - 1, room).round().astype(np.int64))
        points = points.start + index if isinstance(points, range) else points[index]
    return np.union1d(np.asarray(points, np.int64), stays)


def _limit(rule: PriceRule, offers: pd.DataFrame, priced: np.ndarray, money: Money) -> Limit:
    selected = rule.selects(offers) & priced
    low, high = np.full(len(offers), NO_LOW, np.int64), np.full(len(offers), NO_HIGH, np.int64)
    low[selected], high[selected] = rule.limits(offers[selected], money)
    return Limit(rule, selected, low, high)


def _intersection(limits: Sequence[Limit], size: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.full(size, NO_LOW, np.int64), np.full(size, NO_HIGH, np.int64)
    for limit in limits:
        low, high = np.maximum(low, limit.low), np.minimum(high, limit.high)
    return low, high
