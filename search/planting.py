"""Seeds of the genetic searches: current prices, those read off the dual, gradient ascent. Not for evolving them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from data_io.errors import ConfigError
from search.ascent import ascend
from search.dual.solve import solve
from search.evaluate import Evaluator
from search.journal import Journal
from search.polish import evaluated, polish

SEEDS = ("current", "dual", "gradient")  # "current" is always planted: where holding is allowed, none is worse
SWEEPS = 4  # of coordinate moves on the gradient's seed: as many as search=gradient has, so as to be no worse
NEAR = 1e-3  # gap to the bound that needs no gradient


class Planted(NamedTuple):
    """rungs [N, D] int32, what each change is worth [D] where their number is limited (else 0), and the bound."""

    rungs: np.ndarray
    worth: np.ndarray
    bound: float | None


def plant(
    evaluator: Evaluator, journal: Journal, seeds: Sequence[str], population: int, climbing: dict[str, Any]
) -> Planted:
    """Finds the seeds and notes them in the journal; climbing: what ascend takes, of which `begin` is a seed too.

    Raises:
        ConfigError: no seed has this name.
    """
    unknown = [name for name in seeds if name not in SEEDS]
    if unknown:
        raise ConfigError(f"search.seeds: {unknown[0]!r} is unknown. There are {', '.join(SEEDS)}.")
    planted, worth = [evaluator.problem.start[None]], np.zeros(len(evaluator.problem.rungs))
    if climbing["begin"] is not None:
        planted.append(climbing["begin"][None])
    bound, dual = None, solve(evaluator) if "dual" in seeds else None
    if dual is not None:
        bound = dual.bound
        evaluated(evaluator, dual.rungs, population, journal.take)
        planted.append(dual.rungs)
    if "gradient" in seeds and journal.gap(bound) > NEAR:
        climbed, worth = ascend(evaluator, journal.take, population=population, **climbing)
        polished = polish(evaluator, np.vstack([*planted, climbed]), population, SWEEPS, journal.take)
        planted += [polished[None], climbed]
    return Planted(np.concatenate(planted).astype(np.int32), worth, bound)
