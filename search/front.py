"""Seeds of a front: the best prices for several weights of profit against a second measure. Not for evolving them.

Units or revenue at a weight are a cost made smaller, a margin is a cost made larger: each weight is a problem of the
same kind, which the dual (or, without a bound, an ascent) solves. Few changes are those of the best prices that matter
most.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from search.ascent import LEARNING_RATE, STEPS, climb
from search.dual.solve import solve
from search.evaluate import Evaluator
from search.polish import Take, evaluated
from search.types import PricingProblem

WEIGHTS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # of the second measure, in units of the mean net price
COUNTS = 12  # numbers of changes, from one to all, evenly on a logarithmic scale


def front_seeds(
    evaluator: Evaluator, against: str, best: np.ndarray, *, seed: int, population: int, take: Take
) -> np.ndarray:
    """Rungs [N, D] int32; best [D]: the best prices for the objective alone. Counts their evaluations."""
    if against == "changes":
        return _fewer(evaluator, best, population, take)
    found = []
    for weight in WEIGHTS:
        weighted = evaluator.retargeted(_weighted(evaluator.problem, against, weight))
        dual = solve(weighted)
        climbing = {"seed": seed, "starts": 1, "steps": STEPS, "learning_rate": LEARNING_RATE}
        found.append(climb(weighted, **climbing) if dual is None else dual.rungs)
        evaluator.evaluations = weighted.evaluations
    return np.unique(np.concatenate(found), axis=0).astype(np.int32)


def _fewer(evaluator: Evaluator, best: np.ndarray, population: int, take: Take) -> np.ndarray:
    """The current prices with the 1, 2, … changes of the best that are worth most, each judged among all others."""
    start = evaluator.problem.start
    moved = np.flatnonzero(best != start)
    if not len(moved):
        return start[None]
    without = np.repeat(best[None], len(moved), axis=0)
    without[np.arange(len(moved)), moved] = start[moved]
    values, _ = evaluated(evaluator, without, population, take)
    rank = np.full(len(best), len(moved))
    rank[moved[np.argsort(values, kind="stable")]] = np.arange(len(moved))
    counts = np.unique(np.geomspace(1, len(moved), COUNTS).round())
    return np.where(rank < counts[:, None], best, start).astype(np.int32)


def _weighted(problem: PricingProblem, against: str, weight: float) -> PricingProblem:
    """The problem at a weight of the second measure; its objective is a profit whose costs hold both measures."""
    base = problem.objective
    fee = base.fee_rate
    net = problem.current / (1 + base.tax_rate) * (1 - fee)
    cost = problem.sale_cost
    parts = {  # what a unit earns is price_part × net price - cost
        "profit": (1.0, cost),
        "revenue": (1 / (1 - fee), np.zeros(len(cost))),
        "units": (0.0, -np.full(len(cost), net.mean())),
        "margin": (1.0, 2 * cost),  # of revenue times (margin - 1/2), about
    }
    (price, paid), (also, more) = parts[base.name], parts[against]
    whole = price + weight * also
    blended = replace(base, name="profit")
    if whole <= 0:
        return problem
    return replace(problem, objective=blended, offers=problem.offers.assign(sale_cost=(paid + weight * more) / whole))
