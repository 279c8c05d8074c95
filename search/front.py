"""Seeds of a front: the best prices for several weights of profit against a second measure. Not for evolving them.

Units or revenue at a weight are a cost made smaller, a margin is a cost made larger, and few changes are a rule: each
weight is a problem of the same kind, which the dual (or, without a bound, an ascent) solves.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from search.ascent import LEARNING_RATE, STEPS, climb
from search.dual.solve import solve
from search.evaluate import Evaluator
from search.rules.max_changes import MaxChanges
from search.types import PricingProblem

WEIGHTS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # of the second measure, in units of the mean net price
SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.6)  # of the prices that may change


def front_seeds(evaluator: Evaluator, against: str, seed: int) -> np.ndarray:
    """Rungs [N, D] int32, some for each weight. Counts their evaluations."""
    found = []
    for number in range(len(WEIGHTS)):
        weighted = evaluator.retargeted(_weighted(evaluator.problem, against, number))
        dual = solve(weighted)
        if dual is None:
            settings = {"seed": seed, "starts": 1, "steps": STEPS, "learning_rate": LEARNING_RATE}
            found.append(climb(weighted, **settings))
        else:
            found.append(dual.rungs)
        evaluator.evaluations = weighted.evaluations
    return np.unique(np.concatenate(found), axis=0).astype(np.int32)


def _weighted(problem: PricingProblem, against: str, number: int) -> PricingProblem:
    """The problem at weight `number`; its objective is a profit whose costs hold both measures."""
    if against == "changes":
        return replace(problem, rules=(*problem.rules, MaxChanges(name="front", share=SHARES[number])))
    base = problem.objective
    fee = base.fee_rate
    net = problem.current / (1 + base.tax_rate) * (1 - fee)
    cost, weight = problem.offers["cost"].to_numpy(np.float64), WEIGHTS[number]
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
    return replace(problem, objective=blended, offers=problem.offers.assign(cost=(paid + weight * more) / whole))
