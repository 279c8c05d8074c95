"""As much of the least breach of soft rules as rules on demand leave room for. Not for finding the least breach.

A hard rule on totals, such as a portfolio margin, may forbid the plan as a whole and yet allow it in most places: the
places where a breach is mended at the least cost take it, one after the other.
"""

from __future__ import annotations

import numpy as np

from search.binding import joint_excess
from search.evaluate import Evaluator, sold_units
from search.least_breach import Plans
from search.polish import evaluated
from search.rules.base import JointRule
from search.types import PricingProblem

BATCH = 16  # rows of a fitness call
ROUNDS = 8  # of places that do not go


def furthest(evaluator: Evaluator, plans: Plans, levels: list[list[JointRule]]) -> np.ndarray:
    """Rungs [D] int32: of the last plan that the hard rules allow, and of the next one in as many places as they do;
    the last plan where they allow none."""
    allowed = _fitness(evaluator, plans.rungs)[1] <= 0
    if allowed[-1] or not allowed.any():
        return plans.rungs[-1]
    depth = int(np.flatnonzero(allowed)[-1]) + 1
    now, after = plans.rungs[depth - 1].copy(), plans.rungs[depth]
    places = np.unique(plans.place[now != after])
    trials = np.stack([np.where(plans.place == place, after, now) for place in places])
    values, _ = _fitness(evaluator, np.concatenate([now[None], trials]))
    breaches = _breaches(evaluator.problem, np.concatenate([now[None], trials]), levels[depth - 1])
    mended = breaches[0] - breaches[1:]
    cost = (values[0] - values[1:]) / np.where(mended > 0, mended, 1.0)
    waiting = places[np.argsort(np.where(mended > 0, cost, np.inf), kind="stable")][: int((mended > 0).sum())]
    for _ in range(ROUNDS):
        if not len(waiting):
            break
        taken = np.arange(len(waiting))[:, None] >= np.arange(len(waiting))  # the first, the first two, …
        trials = np.stack([np.where(np.isin(plans.place, waiting[some]), after, now) for some in taken])
        fine = _fitness(evaluator, trials)[1] <= 0
        count = len(fine) - int(np.argmax(fine[::-1])) if fine.any() else 0
        now = trials[count - 1] if count else now
        waiting = waiting[count + 1 :]  # without the one that does not go
    return now


def _fitness(evaluator: Evaluator, rungs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and violations [N] of rungs [N, D], which no journal notes."""
    return evaluated(evaluator, rungs, BATCH, lambda *_: False)


def _breaches(problem: PricingProblem, rungs: np.ndarray, rules: list[JointRule]) -> np.ndarray:
    """[N] violation of these rules in all; they do not depend on demand, so today's units do."""
    units = sold_units(problem, problem.current[None]).mean(axis=0)[0]
    every = (joint_excess(problem, problem.prices(one), units, units) for one in rungs)
    names = [rule.name for rule in rules]
    return np.array([sum(np.maximum(one[name], 0.0).sum() for name in names if name in one) for one in every])
