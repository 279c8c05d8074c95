"""Prices that break soft rules as little as any prices could, level by level, by HiGHS. Not for the objective.

Only for rules that do not depend on demand (search.conflict). Offers that some rule judges together are one place, and
places are solved one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from search.conflict.find import places_of
from search.conflict.programme import Linear, Programme, total
from search.conflict.rows import build
from search.conflict.situation import DEMAND_FREE, Situation
from search.evaluate import sold_units
from search.money import Money
from search.rules.base import JointRule
from search.rules.same_price import SamePrice
from search.types import PricingProblem

SECONDS = 60.0
ONE_PRICE = "one price"  # of the offers of a decision
EXACT = 1e-7  # of slack, what a float may be wrong by


def least_breach(
    problem: PricingProblem, levels: Sequence[Sequence[JointRule]], wished: np.ndarray, *, seconds: float = SECONDS
) -> np.ndarray | None:
    """Rungs [D] int32 that keep the hard rules that do not depend on demand, and break the soft rules of the first
    level as little as possible, then those of the second, …; of those, the nearest to the prices `wished` [S], by the
    money that units sold today would pay more or less.

    None where there are none, where some rule of the levels depends on demand, or where it took too long.
    """
    soft = [rule for level in levels for rule in level]
    if not all(isinstance(rule, DEMAND_FREE) for rule in soft):
        return None
    until = time.monotonic() + seconds
    situation = _situation(problem, soft)
    hard = [rule.name for rule in situation.judged if rule.hard]
    minor, wish = situation.current.copy(), situation.money.minor(wished)
    for rows in places_of(situation):
        programme, prices = build(situation, rows, apart=True)
        far = total(_distance(programme, prices.of(row), wish[row]) * situation.units[row] for row in rows)
        for level in [*levels, []]:
            names = [rule.name for rule in level]
            least = None if level else far
            answer = programme.solve(hard, names, seconds=until - time.monotonic(), least=least)
            if answer.values is None or time.monotonic() > until:
                return None
            for name in names:
                programme.at_most(programme.slacks(name), answer.slack[name] + EXACT)
        for row, price in prices.price.items():
            minor[row] = round(price.value(answer.values))
    return _rungs(problem, minor)


def _distance(programme: Programme, price: Linear, wished: int) -> Linear:
    far = programme.variable(0.0, np.inf)
    for difference in (price - Linear(constant=wished), Linear(constant=wished) - price):
        programme.at_most(difference - far, 0)
    return far


def _situation(problem: PricingProblem, soft: Sequence[JointRule]) -> Situation:
    money = Money(problem.decimals, problem.objective.tax_rate, problem.objective.fee_rate)
    units = sold_units(problem, problem.current[None]).mean(axis=0)[0]
    names = {rule.name for rule in soft}
    rules = [rule for rule in problem.kept if not isinstance(rule, SamePrice) and (rule.hard or rule.name in names)]
    offers = problem.offers.assign(**{ONE_PRICE: problem.decision})
    if np.bincount(problem.decision[problem.decision >= 0]).max(initial=0) > 1:
        rules.insert(0, SamePrice(name=ONE_PRICE, by=(ONE_PRICE,)))
    return Situation(offers, tuple(rules), problem.decision >= 0, money, units)


def _rungs(problem: PricingProblem, minor: np.ndarray) -> np.ndarray:
    """The rungs nearest to the prices [S] of each decision's first offer."""
    first = np.unique(problem.decision, return_index=True)[1][-len(problem.rungs) :]
    wanted = minor[first] / 10**problem.decimals
    return np.abs(problem.ladder - wanted[:, None]).argmin(axis=1).astype(np.int32)
