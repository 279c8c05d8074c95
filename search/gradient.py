"""The optimiser that climbs: multi-start gradient ascent, then coordinate moves. Not for ladders so coarse that
neighbouring rungs matter more than slopes: the genetic search is for those, and takes the ascent's result as a seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from search.ascent import LEARNING_RATE, STEPS, ascend
from search.evaluate import make_evaluator
from search.journal import Journal, holding
from search.planting import SWEEPS
from search.polish import polish
from search.soft import lexicographic
from search.types import PricingProblem, Solution


@lexicographic
def optimise(
    problem: PricingProblem,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
    starts: int = 4,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    population: int = 128,
    sweeps: int = SWEEPS,
    block: int = 16,
    begin: np.ndarray | None = None,
) -> Solution:
    """Searches by gradient; settings as in search.settings.SearchSettings.

    The first start is `begin` (rungs [D]; default the current prices), which no answer is worse than; the others lie
    around it. `population` is the batch of the coordinate moves, `sweeps` how many rounds of them at most.
    """
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "gradient", started)
    evaluator = make_evaluator(problem, block=block)
    journal = Journal(problem, "gradient", started, evaluator, progress)
    begin = problem.start if begin is None else begin
    options = {"seed": seed, "starts": starts, "steps": steps, "learning_rate": learning_rate, "begin": begin}
    candidates, _ = ascend(evaluator, journal.take, population=population, **options)
    polish(evaluator, np.vstack([begin, candidates]), population, sweeps, journal.take)
    return journal.solution()
