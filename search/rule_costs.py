"""What each rule costs: the search goes on from its answer without the rule, or with a little more room for it.

Not for the answer itself. The chain drops rules from the last to the first, each time from the prices found before, so
that values along it only rise. Axes: R rules, S offers, D decisions, L rungs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from search import genetic
from search.binding import joint_excess
from search.evaluate import sold_units
from search.money import Money
from search.problem import build_problem
from search.rules.base import JointRule
from search.soft import settle, violations
from search.types import PricingProblem, Solution

POINT = 0.01  # of excess, the room that a multiplier is measured by
EFFORT = {"starts": 1, "generations": 40, "patience": 10}  # of one search, which begins at an answer


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
        settings: of genetic.optimise, seed included, without those of EFFORT.
    """
    names = [rule.name for rule in problem.rules]
    settled = _settled(problem, prices)

    def search(begin: np.ndarray, room: Mapping[str, float]) -> Solution:
        relaxed, rungs = _relaxed(settled, begin, room, scope, max_rungs)
        return genetic.optimise(relaxed, begin=rungs, **EFFORT, **settings)

    best = search(prices, {})
    chain = _chain(search, best, names)
    cost = {name: search(best.prices, {name: np.inf}).value - best.value for name in names[:-1]}
    cost |= dict.fromkeys(names[-1:], chain[-2].value - best.value)
    multiplier = {
        name: (search(best.prices, {name: POINT}).value - best.value) if near else 0.0
        for name, near in _pointed(settled, prices)
    }
    found = [*chain[:-1], replace(best, prices=prices)]
    return RuleCosts(cost, multiplier, np.array([one.value for one in found]), np.stack([one.prices for one in found]))


def _chain(search: Callable, best: Solution, names: list[str]) -> list[Solution]:
    """Solutions without any rule, under the first, …, under all."""
    chain = [best]
    for kept in range(len(names) - 1, -1, -1):
        chain.append(search(chain[-1].prices, dict.fromkeys(names[kept:], np.inf)))
    return chain[::-1]


def _settled(problem: PricingProblem, prices: np.ndarray) -> PricingProblem:
    """The problem with its prioritised soft rules as hard as the prices keep them."""
    broken = violations(problem, prices)
    rules = tuple(
        settle(rule, broken[rule.name]) if isinstance(rule, JointRule) and not rule.hard and rule.priority else rule
        for rule in problem.rules
    )
    return replace(problem, rules=rules)


def _pointed(problem: PricingProblem, prices: np.ndarray) -> Iterable[tuple[str, bool]]:
    """Hard rules that have a point, and whether a group is within one of its edge."""
    units, units_current = sold_units(problem, np.stack([prices, problem.current])).mean(axis=0)
    excess = joint_excess(problem, prices, units, units_current)
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
    first = np.unique(built.decision, return_index=True)[1][-len(ladders) :]
    wanted = Money(built.decimals).minor(prices[first])
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
