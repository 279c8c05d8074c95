"""Which rules cannot hold together, and the least that must give way. Not for saying it in words.

Offers that some rule judges together are one component; components are solved one by one, so a table of many stores
costs little more than its worst store.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from search.conflict.programme import FEASIBLE, INFEASIBLE, UNKNOWN, Programme
from search.conflict.rows import Prices, build
from search.conflict.situation import Situation
from search.ladders import allowance, stuck
from search.problem import components
from search.rules.base import PriceRule

MOST_PLACES = 200  # components that one search for conflicts takes apart
SECONDS = 60.0


@dataclass(frozen=True)
class Way:
    """A way out.

    Attributes:
        slack: rule -> by how much it gives way, in its own terms (see rows), only those that do.
        prices: row -> minor units, of an answer that keeps all other rules.
    """

    slack: dict[str, float]
    prices: dict[int, int]


@dataclass(frozen=True)
class Conflict:
    """Rules that cannot hold together.

    Attributes:
        rules: names, in the order of the rules.
        minimal: without any one of them, prices exist (in each place on its own).
        places: rows of the offers of each component in which they conflict.
        ways: per rule that can make room alone, by how much it must give way if no other does.
    """

    rules: tuple[str, ...]
    minimal: bool
    places: tuple[tuple[int, ...], ...]
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """conflicts: empty where none was proven. cheapest: the least total slack that leaves prices in all places, or
    None. undecided: components of which nothing is known, for want of time or beyond MOST_PLACES."""

    conflicts: tuple[Conflict, ...] = ()
    cheapest: Way | None = None
    undecided: int = 0


def find_conflicts(situation: Situation, *, seconds: float = SECONDS) -> Diagnosis:
    """Conflicts among the rules that do not depend on demand, within so much time (about)."""
    until = time.monotonic() + seconds
    alone = replace(situation, rules=tuple(rule for rule in situation.judged if isinstance(rule, PriceRule)))
    allowed = allowance(situation.offers, alone.rules, situation.priced, situation.money)
    single, stuck_alone, undecided = _search(alone, [[int(row)] for row in stuck(allowed, situation.priced)], until)
    together = places_of(situation)
    blocked = {row for place in stuck_alone for row in place}
    joint, infeasible, unknown = _search(situation, [rows for rows in together if not blocked & set(rows)], until)
    undecided += unknown
    conflicts = [*_with_ways(alone, single, until), *_with_ways(situation, joint, until)]
    if not conflicts:
        return Diagnosis(undecided=undecided)
    places = [*infeasible, *(rows for rows in together if blocked & set(rows))]
    names = [rule.name for rule in situation.judged]
    cheapest = _way(situation, [row for rows in places for row in rows], names, until)
    return Diagnosis(tuple(conflicts), cheapest, undecided)


def places_of(situation: Situation) -> list[list[int]]:
    """Rows of the priced offers that rules judge together, place by place."""
    number = components(list(situation.groups.values()), situation.priced)
    return [np.flatnonzero(number == one).tolist() for one in range(int(number.max(initial=-1)) + 1)]


def _search(
    situation: Situation, places: Iterable[Sequence[int]], until: float
) -> tuple[list[Conflict], list[Sequence[int]], int]:
    """The conflicts of these places with one entry per set of rules, the infeasible places, and how many are
    undecided."""
    sets: dict[tuple[tuple[str, ...], bool], list[tuple[int, ...]]] = {}
    infeasible, undecided = [], 0
    for rows in places:
        programme, _ = build(situation, rows)
        status = _status(programme, situation, until)
        undecided += status == UNKNOWN
        if status != INFEASIBLE:
            continue
        infeasible.append(rows)
        if len(infeasible) <= MOST_PLACES:
            sets.setdefault(_minimal(programme, situation, until), []).append(tuple(rows))
    found = [Conflict(rules, minimal, tuple(places)) for (rules, minimal), places in sets.items()]
    return found, infeasible, undecided


def _status(programme: Programme, situation: Situation, until: float) -> str:
    if time.monotonic() > until:
        return UNKNOWN
    return programme.solve([rule.name for rule in situation.judged], seconds=until - time.monotonic()).status


def _minimal(programme: Programme, situation: Situation, until: float) -> tuple[tuple[str, ...], bool]:
    """Names left when every rule that the conflict does not need is dropped, those between offers first; and whether
    that was proven of each."""
    rules = sorted(situation.judged, key=lambda rule: isinstance(rule, PriceRule))
    kept, proven = [rule.name for rule in situation.judged], True
    for rule in rules:
        trial = [name for name in kept if name != rule.name]
        status = programme.solve(trial, seconds=until - time.monotonic()).status
        proven &= status != UNKNOWN
        kept = trial if status == INFEASIBLE else kept
    return tuple(kept), proven


def _with_ways(situation: Situation, conflicts: Sequence[Conflict], until: float) -> list[Conflict]:
    found = []
    for conflict in conflicts:
        rows = [row for place in conflict.places for row in place]
        ways = [_way(situation, rows, [rule], until) for rule in conflict.rules]
        found.append(replace(conflict, ways=tuple(way for way in ways if way is not None)))
    return found


def _way(situation: Situation, rows: Sequence[int], relaxed: Collection[str], until: float) -> Way | None:
    """The least slack of these rules that leaves these offers prices; None where none was found."""
    programme, prices = build(situation, rows)
    hard = [rule.name for rule in situation.judged if rule.name not in relaxed]
    answer = programme.solve(hard, relaxed, seconds=until - time.monotonic())
    if answer.status != FEASIBLE:
        return None
    slack = {name: answer.slack[name] for name in relaxed if answer.slack.get(name, 0.0) > 1e-7}
    return Way(slack, _written(prices, answer.values))


def _written(prices: Prices, values: np.ndarray) -> dict[int, int]:
    return {row: round(price.value(values)) for row, price in prices.price.items()}
