"""The prices that an offer could have, as few arithmetic progressions. Not for the rules that choose among them.

A progression costs a linear programme one binary and one whole number, however many prices it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from search.money import Money
from search.rules.base import PriceRule

LONGEST_PERIOD = 24  # interleaved progressions that a pattern is taken apart into


@dataclass(frozen=True)
class Piece:
    """The prices first, first + step, …, `count` of them, in minor units; `broken`: pattern rules that some of them do
    not fit."""

    first: int
    step: int
    count: int
    broken: tuple[str, ...] = ()


def pieces(low: int, high: int, patterns: Sequence[PriceRule], money: Money) -> list[Piece]:
    """All minor units in [low, high]: those that fit every pattern, those that fit all but one, and all of them."""
    found = [Piece(*run) for run in progressions(_fitting(low, high, patterns, money))]
    names = tuple(rule.name for rule in patterns)
    given_up = [names] if len(names) == 1 else [*combinations(names, 1), names] if names else []
    for broken in given_up:
        kept = [rule for rule in patterns if rule.name not in broken]
        found += [Piece(*run, broken) for run in progressions(_fitting(low, high, kept, money))]
    return found


def _fitting(low: int, high: int, patterns: Sequence[PriceRule], money: Money) -> np.ndarray:
    if not patterns:
        return np.arange(low, high + 1)
    points = patterns[0].points(low, high, money)
    for rule in patterns[1:]:
        points = points[rule.fits(points, money)]
    return points


def progressions(points: np.ndarray) -> list[tuple[int, int, int]]:
    """Ascending whole numbers [n] -> (first, step, count) of progressions that hold each of them once."""
    for period in range(1, min(LONGEST_PERIOD, len(points) - 1) + 1):
        steps = points[period:] - points[:-period]
        if (steps == steps[0]).all():
            runs = (points[start::period] for start in range(period))
            return [(int(run[0]), int(steps[0]), len(run)) for run in runs]
    return [(int(point), 1, 1) for point in points]
