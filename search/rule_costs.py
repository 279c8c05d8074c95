"""What each rule costs: the search goes on from its answer without the rule, or with a little more room for it.

Not for the answer itself. The chain drops rules from the last to the first, each time from the prices found before, so
that values along it only rise. Axes: R rules, S offers, D decisions, L rungs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from search import genetic
from search.binding import excess_at
from search.evaluate import make_evaluator
from search.problem import build_problem
from search.rules.base import JointRule, PriceRule
from search.soft import settle_all
from search.types import PricingProblem, Solution

POINT = 0.01  # of excess, the room that a multiplier is measured by
EFFORT = {"starts": 1, "patience": 10}  # of one search, which begins at an answer
GENERATIONS = 40  # of one search, a quarter of it with more decisions than MANY
MANY = 200


@dataclass(frozen=True)
class RuleCosts:
    """In terms of the objective, risk deducted.

    Attributes:
        cost: per rule, what the best prices without it (all others kept) earn beyond those with it; >= 0.
        multiplier: per joint rule that has a point (JointRule.point), what one more of room would earn; >= 0.
        values: [R + 1] gain over holding prices without any rule, under the first, under the first two, …, all.
        chain: [R + 1, S] the prices that earn it.
    """

    cost: dict[str, float]
    multiplier: dict[str, float]
    values: np.ndarray
    chain: np.ndarray


def rule_costs(problem: PricingProblem, prices: np.ndarray, *, scope: str, max_rungs: int, **settings) -> RuleCosts:
    """What the rules of the problem cost at the answer `prices` [S].

    Where no rule limits a price it stays within WIDEST_MOVE of the current one. Soft rules count as kept as well as
    the answer keeps them. Held offers stay held.

    Args:
        scope, max_rungs: as build_problem had them.
        settings: of genetic.optimise, seed included, without generations and those of EFFORT.
    """
    names = [rule.name for rule in problem.rules]
    settled = settle_all(problem, prices)
    effort = EFFORT | settings | {"generations": GENERATIONS if len(problem.rungs) <= MANY else GENERATIONS // 4}

    def search(before: Step, room: Mapping[str, float]) -> Step:
        """On from the step before with this room, if it makes any difference."""
        relaxed, rungs = _relaxed(settled, before.solution.prices, room, scope, max_rungs)
        if before.problem is not None and _alike(relaxed, before.problem):
            return Step(relaxed, before.solution)
        return Step(relaxed, genetic.optimise(relaxed, begin=rungs, **effort))

    best = search(Step(None, _at(prices)), {})
    chain = [best]
    for number in range(len(names) - 1, -1, -1):
        chain.insert(0, search(chain[0], dict.fromkeys(names[number:], np.inf)))
    without = {name: search(best, {name: np.inf}) for name in names[:-1]} | dict.fromkeys(names[-1:], chain[-2])
    roomy = {name: search(best, {name: POINT}) if near else best for name, near in _pointed(settled, prices)}
    further = [step.solution for step in (*without.values(), *roomy.values())]
    value = max([best.solution.value, *(one.value for one in further if _keeps(best.problem, one.prices))])
    cost, multiplier = (
        {name: max(step.solution.value - value, 0.0) for name, step in steps.items()} for steps in (without, roomy)
    )
    found = [*(step.solution for step in chain[:-1]), replace(best.solution, prices=prices)]
    return RuleCosts(cost, multiplier, np.array([one.value for one in found]), np.stack([one.prices for one in found]))


class Step(NamedTuple):
    """What was solved (None: nothing yet) and the answer."""

    problem: PricingProblem | None
    solution: Solution


def _keeps(problem: PricingProblem, prices: np.ndarray) -> bool:
    """The prices are allowed under all rules: what was found with more room needed none of it."""
    if not len(problem.rungs):
        return True
    rungs = problem.nearest(prices)
    if np.abs(problem.prices(rungs) - prices)[problem.first].max() > 0.5 / 10**problem.decimals:
        return False
    return bool(make_evaluator(problem).fitness(np.stack([rungs, rungs]))[1][0] <= 0)


def _at(prices: np.ndarray) -> Solution:
    return Solution(np.zeros(0, np.int32), prices, 0.0, 0.0, 0, 0.0, "given", "done")


def _alike(one: PricingProblem, other: PricingProblem) -> bool:
    """The same allowed prices, and the same room for all rules that are not on single prices."""
    rooms = [
        {rule.name: problem.room.get(rule.name, 0.0) for rule in problem.rules if not isinstance(rule, PriceRule)}
        for problem in (one, other)
    ]
    return rooms[0] == rooms[1] and np.array_equal(one.ladder, other.ladder)


def _pointed(problem: PricingProblem, prices: np.ndarray) -> Iterable[tuple[str, bool]]:
    """Hard rules that have a point, and whether a group is within one of its edge."""
    excess = excess_at(problem, prices)
    for rule in problem.rules:
        if isinstance(rule, JointRule) and rule.point and rule.hard and rule.name in excess:
            yield rule.name, bool(np.max(excess[rule.name]) > -POINT)


def _relaxed(
    problem: PricingProblem, prices: np.ndarray, room: Mapping[str, float], scope: str, max_rungs: int
) -> tuple[PricingProblem, np.ndarray]:
    """The problem with this room, and the rungs [D] of the prices [S], which every ladder gets where thinning left
    them out. All have ladders of one width, so that they share compiled programs."""
    built, _ = build_problem(
        problem.demand,
        problem.offers,
        problem.rules,
        problem.objective,
        scope=scope,
        held=problem.decision < 0,
        decimals=problem.decimals,
        max_rungs=max_rungs,
        room=room,
    )
    if not len(built.rungs):
        return built, built.rungs
    ladders = np.rint(built.ladder * 10**built.decimals).astype(np.int64)
    wanted = built.money.minor(prices[built.first])
    rows = [np.union1d(row[:size], [price]) for row, size, price in zip(ladders, built.rungs, wanted, strict=True)]
    padded = np.array([np.pad(row, (0, max_rungs + 1 - len(row)), mode="edge") for row in rows], np.int64)
    started = ladders[np.arange(len(ladders)), built.start]
    relaxed = replace(
        built,
        ladder=padded / 10**built.decimals,
        rungs=np.array([len(row) for row in rows], np.int32),
        start=_places(rows, started),
    )
    return relaxed, _places(rows, wanted)


def _places(rows: Iterable[np.ndarray], values: Iterable[int]) -> np.ndarray:
    return np.array([np.searchsorted(row, value) for row, value in zip(rows, values, strict=True)], np.int32)
