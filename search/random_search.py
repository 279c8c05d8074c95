"""Random search: the yardstick that every other optimiser must beat. Not for answers."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from search import operators
from search.evaluate import make_evaluator
from search.journal import Journal, holding
from search.soft import lexicographic
from search.sparing import make_sparing
from search.types import PricingProblem, Solution


@lexicographic
def optimise(
    problem: PricingProblem,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
    evaluations: int = 20000,
    population: int = 128,
    block: int = 16,
    begin: np.ndarray | None = None,
) -> Solution:
    """Draws candidates at all distances from the current prices and `begin` (rungs [D]), which are the first; settings
    as in SearchSettings.

    Batches have `population` candidates, so up to one batch more than `evaluations` is evaluated.
    """
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "random", started)
    generator = np.random.default_rng(seed)
    seeds = np.stack([problem.start, *([] if begin is None else [begin])])
    sparing, no_worth = make_sparing(problem), np.zeros(len(problem.rungs))
    evaluator = make_evaluator(problem, block=block)
    journal = Journal(problem, "random", started, evaluator, progress)
    while evaluator.evaluations < max(evaluations, 1):
        candidates = operators.initial(generator, seeds, problem.rungs, population)
        if sparing is not None:
            candidates = sparing.varied(candidates, no_worth, generator)
        journal.take(candidates, *evaluator.fitness(candidates))
    return journal.solution()
