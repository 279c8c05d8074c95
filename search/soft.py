"""Soft rules with a priority: each as little broken as those before it allow, then the objective. For any optimiser.

Rules with a price_per_unit are no matter of this module: they are part of the objective (search.evaluate).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from data_io.errors import InfeasibleError
from search.ascent import LEARNING_RATE, STEPS, climb
from search.binding import excess_at
from search.evaluate import make_evaluator
from search.furthest import furthest
from search.least_breach import knowable, least_breach
from search.rules.base import TIGHTENING, JointRule
from search.types import Optimiser, PricingProblem, Solution

PRICE = 10.0  # of a violation of 1, as a multiple of the turnover, while a level's violation is made small
SLACK = 1e-4  # of violation that later levels may add to one that cannot be kept


@dataclass(frozen=True, kw_only=True)
class Limited(JointRule):
    """A soft rule that cannot be kept: its total violation is at most `most`."""

    type: ClassVar[str] = "limited"
    rule: JointRule
    most: float

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        return self.rule.groups(offers)

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        return self.rule.aids(offers, decision, decimals)

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        total = jnp.maximum(self.rule.excess(view) + TIGHTENING, 0.0).sum(axis=-1, keepdims=True) - self.most
        return jnp.where(jnp.arange(view.size) == 0, total, -1.0)

    def text(self) -> str:
        return f"{self.rule.text()}, broken by at most {self.most:g}"


def lexicographic(optimise: Optimiser) -> Optimiser:
    """An optimiser that also minds soft rules with a priority; it searches once where all of them can be kept, or where
    none depends on demand, so that the least breach is known before (search.least_breach).

    Otherwise it searches level by level: rules that can be kept beside those before them become hard, the others are
    priced so high that they are broken as little as it can find, and limited to that from then on. Each level begins at
    the answer of the one before: a soft rule blocks none.
    """

    @wraps(optimise)
    def softly(problem: PricingProblem, *, seed: int, progress: Callable | None = None, **settings: Any) -> Solution:
        soft = prioritised(problem)
        if not soft or not len(problem.rungs):
            return optimise(problem, seed=seed, progress=progress, **settings)
        searches: list[Solution] = []

        def search(rules: dict[str, JointRule], begin: np.ndarray | None = None) -> Solution | None:
            """With these in place of the soft rules of the same name; None where nothing is feasible."""
            changed = tuple(rules.get(rule.name, rule) for rule in problem.rules)
            again = settings if begin is None else settings | {"begin": begin}
            try:
                found = optimise(replace(problem, rules=changed), seed=seed, progress=progress, **again)
            except InfeasibleError:
                return None
            searches.append(found)
            return found if found.status == "done" else None

        def planned(levels: list[list[JointRule]]) -> Solution | None:
            """Beginning at the least breach; None where that is not known, or rules on demand are in its way."""
            if not knowable(soft):
                return None
            evaluator = make_evaluator(problem)
            wished = climb(evaluator, seed=seed, starts=1, steps=STEPS, learning_rate=LEARNING_RATE)
            plans = least_breach(problem, levels, problem.prices(wished[0]))
            if plans is None:
                return None
            rungs = furthest(evaluator, plans, levels)
            found = violations(problem, problem.prices(rungs))
            broken = {rule.name: found[rule.name] if found[rule.name] > SLACK else 0.0 for rule in soft}
            rules = {rule.name: settle(rule, broken[rule.name]) for rule in soft}
            return (None if any(broken.values()) else search(rules)) or search(rules, rungs)

        levels = [[r for r in soft if r.priority == level] for level in sorted({rule.priority for rule in soft})]
        found = planned(levels) or search({rule.name: replace(rule, hard=True) for rule in soft})
        settled: dict[str, JointRule] = {}
        turnover = make_evaluator(problem).scale
        for now in levels if found is None else ():
            hard = settled | {rule.name: replace(rule, hard=True) for rule in now}
            kept = search(hard) if len(settled) + len(now) < len(soft) else None
            if kept is not None:
                found, settled = kept, hard
                continue
            priced = settled | {r.name: replace(r, priority=None, price_per_unit=PRICE * turnover) for r in now}
            cheap = search(priced, found and found.rungs)
            if cheap is None and found is None and (found := search(settled)) is not None:
                cheap = search(priced, found.rungs)
            if cheap is None:
                break
            found, broken = cheap, violations(problem, cheap.prices)
            settled |= {rule.name: settle(rule, broken[rule.name]) for rule in now}
        if not searches:  # the hard rules alone are infeasible, which this says
            return optimise(problem, seed=seed, progress=progress, **settings)
        return _joined(problem, found or searches[-1], searches)

    return softly


def settle(rule: JointRule, violation: float) -> JointRule:
    """The soft rule as a hard one that prices with this violation keep."""
    if violation <= 0:
        return replace(rule, hard=True, priority=None)
    return Limited(name=rule.name, scope=rule.scope, rule=rule, most=violation + SLACK)


def settle_all(problem: PricingProblem, prices: np.ndarray) -> PricingProblem:
    """The problem with its prioritised soft rules as hard as the prices [S] keep them."""
    soft = prioritised(problem)
    if not soft:
        return problem
    broken = violations(problem, prices)
    settled = {rule.name: settle(rule, broken[rule.name]) for rule in soft}
    return replace(problem, rules=tuple(settled.get(rule.name, rule) for rule in problem.rules))


def prioritised(problem: PricingProblem) -> list[JointRule]:
    """Its soft rules with a priority."""
    return [rule for rule in problem.rules if isinstance(rule, JointRule) and not rule.hard and rule.priority]


def violations(problem: PricingProblem, prices: np.ndarray) -> dict[str, float]:
    """Every joint rule's violation at prices [S], summed over its groups."""
    excess = excess_at(problem, prices)
    totals = {name: float(np.maximum(one + TIGHTENING, 0.0).sum()) for name, one in excess.items()}
    return {rule.name: totals.get(rule.name, 0.0) for rule in problem.rules}


def _joined(problem: PricingProblem, found: Solution, searches: list[Solution]) -> Solution:
    """The solution with the problem's own value, and what all searches took."""
    block = np.repeat(found.rungs[None], 4, axis=0)
    history, evaluations, seconds = [], 0, 0.0
    for one in searches:
        for row in one.history:
            begun = {"evaluations": row["evaluations"] + evaluations, "seconds": row["seconds"] + seconds}
            history.append(row | begun | {"generation": len(history)})
        evaluations, seconds = evaluations + one.evaluations, seconds + one.seconds
    value = float(make_evaluator(problem).fitness(block)[0][0])
    return replace(found, value=value, evaluations=evaluations, seconds=seconds, history=tuple(history))
