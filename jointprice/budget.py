"""Deals within a budget of discounts: what all of them give away costs something beside itself until it holds, then
deals that still fit are added one by one. Not for choosing deals without a budget (promotions)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ensemble.promoted import PromotedDemand, horizon_units, money_demand
from search.evaluate import Evaluator, make_evaluator
from search.polish import evaluated
from search.types import PricingProblem

HALVINGS = 10  # of what a unit of discount costs beside itself
DEAREST = 8.0  # of it: no deal pays then
MOST_ADDED, MOST_TRIED = 40, 1000  # deals added, and looked at for whether they fit


def within_budget(
    problem: PricingProblem,
    demand: PromotedDemand,
    budget: float | None,
    search: Callable[[PricingProblem], np.ndarray],
    block: int,
) -> np.ndarray:
    """[O] the options that `search` chooses; where they would give away more than the budget, those at the least
    additional cost of discounts that keeps it (its multiplier), and what else fits."""
    best = search(problem)
    if budget is None or discount(demand, best).sum() <= budget:
        return best
    low, high, best = 0.0, DEAREST, np.zeros_like(best)
    for _ in range(HALVINGS):
        middle = (low + high) / 2 if low else high / 2
        dearer = replace(demand, dearness=np.float32(middle))
        found = search(replace(problem, demand=money_demand(dearer)))
        if discount(demand, found).sum() <= budget:
            high, best = middle, found
        else:
            low = middle
    return _filled_up(make_evaluator(problem, block=block), demand, best, budget)


def discount(demand: PromotedDemand, chosen: np.ndarray) -> np.ndarray:
    """[O] expected money given away by the chosen deals [O]."""
    given = np.asarray(demand.discount, np.float64)[np.arange(len(chosen)), chosen]
    return given * horizon_units(demand, chosen[None]).mean(0)[0, 0]


def _filled_up(evaluator: Evaluator, demand: PromotedDemand, chosen: np.ndarray, budget: float) -> np.ndarray:
    """[O] with one decision after another given the option that gains most of those that fit, until none gains. What
    did not fit once is not looked at again: what is spent only grows."""
    problem = evaluator.problem
    rungs = problem.nearest(1.0 + chosen)
    decision, rung = np.nonzero(np.arange(problem.ladder.shape[1]) < problem.rungs[:, None])
    fits, tried = np.ones(len(decision) + 1, bool), 0
    for _ in range(MOST_ADDED):
        trials = np.repeat(rungs[None], len(decision) + 1, axis=0)  # the last is as it is
        trials[np.arange(len(decision)), decision] = rung
        value, violation = evaluated(evaluator, trials, evaluator.block, lambda *_: False)
        gain = np.where((violation > 0) | ~fits, -np.inf, value - value[-1])
        best = np.argsort(-gain, kind="stable")
        for number in best[gain[best] > 1e-6 * evaluator.scale][: MOST_TRIED - tried]:
            tried += 1
            fits[number] = discount(demand, problem.prices(trials[number]).astype(int) - 1).sum() <= budget
            if fits[number]:
                rungs = trials[number]
                break
        else:
            break
    return problem.prices(rungs).astype(int) - 1
