"""Which rules hold an answer back: at the end of a ladder, or at the edge of a joint rule. Not for breaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from search.compiled import problem_arrays
from search.evaluate import sold_units
from search.ladders import Allowance, allowance
from search.rules.base import JointRule
from search.types import PricingProblem

NEAR = 1e-3  # relative distance to a joint rule's edge that counts as at the edge


def binding_rules(
    problem: PricingProblem, prices: np.ndarray, units: np.ndarray, units_current: np.ndarray
) -> list[str]:
    """Names of the rules that bind at prices [S], joined by ``;``, per offer [S]; "" for none and for held offers.

    A rule on single prices binds where the price is at an end of its decision's ladder and this rule refuses the
    next price beyond for any offer of the decision; a joint rule where its group is at its edge.

    Args:
        units, units_current: [S] expected sales (mean over members) at these and at the current prices.
    """
    joint = _joint_names(problem, joint_excess(problem, prices, units, units_current))
    names = zip(_edge_names(problem, prices), joint, strict=True)
    return [";".join(dict.fromkeys([*at_edge, *at_joint])) for at_edge, at_joint in names]


def joint_excess(
    problem: PricingProblem, prices: np.ndarray, units: np.ndarray, units_current: np.ndarray
) -> dict[str, np.ndarray]:
    """Signed excess of every joint rule's groups, arguments as in binding_rules: name -> [G]; positive = broken.

    Groups without any priced offer are left out.
    """
    prices, units, units_current = (np.asarray(values, np.float32)[None] for values in (prices, units, units_current))
    compiled = replace(problem_arrays(problem), sold_hold=units_current)
    excess = compiled.excess(prices, units[None])
    return {rule.name: np.asarray(one[0], np.float64) for rule, one in zip(compiled.rules, excess, strict=True)}


def excess_at(problem: PricingProblem, prices: np.ndarray) -> dict[str, np.ndarray]:
    """joint_excess at prices [S] and the sales expected there."""
    return joint_excess(problem, prices, *sold_units(problem, np.stack([prices, problem.current])).mean(axis=0))


def _joint_names(problem: PricingProblem, excess: dict[str, np.ndarray]) -> list[list[str]]:
    names: list[list[str]] = [[] for _ in problem.decision]
    for rule in problem.rules:
        if not isinstance(rule, JointRule) or rule.name not in excess:
            continue
        group = rule.groups(problem.offers)
        used = np.unique(group[(group >= 0) & (problem.decision >= 0)])
        at_edge = used[np.abs(excess[rule.name]) <= NEAR]
        for row in np.flatnonzero(np.isin(group, at_edge) & (problem.decision >= 0)):
            names[row].append(rule.name)
    return names


def _edge_names(problem: PricingProblem, prices: np.ndarray) -> list[list[str]]:
    names: list[list[str]] = [[] for _ in problem.decision]
    money = problem.money
    allowed = allowance(problem.offers, problem.rules, problem.decision >= 0, money)
    minor, ladder = money.minor(prices), money.minor(problem.ladder)
    order = np.argsort(problem.decision, kind="stable")
    order = order[problem.decision[order] >= 0]
    for rows in np.split(order, np.flatnonzero(np.diff(problem.decision[order])) + 1):
        if not len(rows):
            continue
        edges = ladder[problem.decision[rows[0]], [0, -1]]
        for direction, edge in zip((-1, 1), edges, strict=True):
            if minor[rows[0]] == edge:
                for name in _refusers(allowed, rows, int(edge), direction):
                    for row in rows:
                        names[row].append(name)
    return names


def _refusers(allowed: Allowance, rows: np.ndarray, edge: int, direction: int) -> list[str]:
    """Rules whose interval ends before the next price of the patterns beyond the edge."""
    reach = 1000
    low, high = (edge + 1, edge + reach) if direction > 0 else (max(edge - reach, 1), edge - 1)
    points = allowed.points(low, high, allowed.patterns(rows)) if low <= high else []
    beyond = (points[0] if direction > 0 else points[-1]) if len(points) else edge + direction
    if direction > 0:
        return [limit.rule.name for limit in allowed.limits if limit.high[rows].min() < beyond]
    return [limit.rule.name for limit in allowed.limits if limit.low[rows].max() > beyond]
