"""Prices that break soft rules as little as any prices could, level by level, by HiGHS. Not for the objective.

Only for rules that do not depend on demand (search.conflict). Offers that some rule judges together are one place, and
places are solved one by one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from search.conflict.find import places_of
from search.conflict.programme import Linear, Programme, total
from search.conflict.rows import build
from search.conflict.situation import DEMAND_FREE, Situation
from search.evaluate import sold_units
from search.problem import components
from search.rules.base import TIGHTENING, JointRule, Rule
from search.rules.price_index import PriceIndex
from search.rules.same_price import SamePrice
from search.types import PricingProblem

SECONDS = 60.0
NEAR_SECONDS, NEAR = 10.0, 0.01  # for the prices nearest to the wished ones, and their relative gap
ONE_PRICE = "one price"  # of the offers of a decision
INSIDE = 3 * TIGHTENING
EXACT = 1e-7  # of slack, what a float may be wrong by


@dataclass(frozen=True)
class Plans:
    """One price vector for each further level of soft rules, and what can be taken from each on its own.

    Attributes:
        rungs: [N + 1, D] int32: without soft rules, with the first of N levels, the first two, …
        place: [D] int64, decisions that rules other than an index judge together: it has room for some of them.
    """

    rungs: np.ndarray
    place: np.ndarray


def knowable(soft: Sequence[JointRule]) -> bool:
    """None of the rules depends on demand."""
    return all(isinstance(rule, DEMAND_FREE) for rule in soft)


def least_breach(
    problem: PricingProblem, levels: Sequence[Sequence[JointRule]], wished: np.ndarray, *, seconds: float = SECONDS
) -> Plans | None:
    """Prices that keep the hard rules that do not depend on demand, and break the soft rules of the first level as
    little as possible, then those of the second, …; of those, about the nearest to the prices `wished` [S], by the
    money that units sold today would pay more or less (any, where finding the nearest takes long).

    None where there are none, where some rule of the levels depends on demand, or where it took too long.
    """
    soft = [rule for level in levels for rule in level]
    if not knowable(soft):
        return None
    until = time.monotonic() + seconds
    situation = _situation(problem, soft)
    hard = [rule.name for rule in situation.judged if rule.hard]
    minor = np.tile(situation.current, (len(levels) + 1, 1))
    wish = situation.money.minor(wished)
    for rows in places_of(situation):
        programme, prices = build(situation, rows, apart=True)
        far = total(_distance(programme, prices.of(row), wish[row]) * situation.units[row] for row in rows)
        for depth, level in enumerate([[], *levels]):
            names = [rule.name for rule in level]
            least = programme.solve(hard, names, seconds=until - time.monotonic())
            for name in least.slack.keys() & set(names):
                programme.at_most(programme.slacks(name), least.slack[name] + EXACT)
            nearest = programme.solve(hard, seconds=min(until - time.monotonic(), NEAR_SECONDS), least=far, gap=NEAR)
            values = least.values if nearest.values is None else nearest.values
            if values is None or time.monotonic() > until:
                return None
            for row, price in prices.price.items():
                minor[depth, row] = round(price.value(values))
    rungs = [problem.nearest(situation.money.price(one)) for one in minor]
    indices = {rule.name for rule in situation.judged if isinstance(rule, PriceIndex)}
    links = [group for name, group in situation.groups.items() if name not in indices]
    return Plans(np.stack(rungs), components(links, situation.priced)[problem.first])


def _distance(programme: Programme, price: Linear, wished: int) -> Linear:
    far = programme.variable(0.0, np.inf)
    for difference in (price - Linear(constant=wished), Linear(constant=wished) - price):
        programme.at_most(difference - far, 0)
    return far


def _situation(problem: PricingProblem, soft: Sequence[JointRule]) -> Situation:
    units = sold_units(problem, problem.current[None]).mean(axis=0)[0]
    names = {rule.name for rule in soft}
    rules = [rule for rule in problem.kept if not isinstance(rule, SamePrice) and (rule.hard or rule.name in names)]
    offers = problem.offers.assign(**{ONE_PRICE: problem.decision})
    if np.bincount(problem.decision[problem.decision >= 0]).max(initial=0) > 1:
        rules.insert(0, SamePrice(name=ONE_PRICE, by=(ONE_PRICE,)))
    return Situation(offers, tuple(map(_inside, rules)), problem.decision >= 0, problem.money, units)


def _inside(rule: Rule) -> Rule:
    """A hard index a little within its edges: the search asks for that, and solvers are exact to a millionth."""
    if not isinstance(rule, PriceIndex) or not rule.hard:
        return rule
    edges = {"min": rule.min and rule.min + INSIDE, "max": rule.max and rule.max - INSIDE}
    return rule if (edges["min"] or 0) > (edges["max"] or np.inf) else replace(rule, **edges)
