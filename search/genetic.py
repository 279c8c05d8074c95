"""DEAP's genetic search on whole populations: one compiled fitness call per generation. Not for single operators.

DEAP's vocabulary (Toolbox with select, mate, mutate, evaluate, map; HallOfFame; Logbook) on matrices of rungs, not
lists of individuals: per-individual Python costs a third of a generation or more. Feasibility first (Deb 2000),
with a tolerance that decays to zero (epsilon constraint method, Takahama & Sakai 2006).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from deap import base

from data_io.errors import ConfigError
from search import operators
from search.ascent import LEARNING_RATE, STEPS, ascend
from search.dual.solve import solve
from search.evaluate import Evaluator, make_evaluator
from search.journal import Individual, Journal, holding
from search.polish import evaluated, polish
from search.rescore import rescored
from search.soft import lexicographic
from search.sparing import make_sparing
from search.types import PricingProblem, Solution

SEEDS = ("current", "dual", "gradient")  # "current" is always planted: where holding is allowed, none is worse
TOLERANT = 0.6  # share of the generations in which some violation is tolerated
DECAY = 5  # exponent of the tolerance's decay
SWEEPS = 2  # of coordinate moves on the gradient's seed
NEAR, PROVEN = 1e-3, 2e-5  # gaps to the bound: no gradient and less patience are needed; the search is over
HURRY = 4  # times less patience near the bound


class Scored(NamedTuple):
    """A population with its fitness: rungs [P, D], value [P], violation [P]."""

    rungs: np.ndarray
    value: np.ndarray
    violation: np.ndarray


@lexicographic
def optimise(
    problem: PricingProblem,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
    population: int = 128,
    generations: int = 200,
    patience: int = 40,
    crossover: float = 0.7,
    mutation: float = 0.1,
    tournament: int = 3,
    elite: int = 4,
    seeds: Sequence[str] = SEEDS,
    starts: int = 4,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    block: int = 16,
    begin: np.ndarray | None = None,
) -> Solution:
    """Searches by DEAP; settings as in search.settings.SearchSettings. The same seed gives the same answer.

    `begin` (rungs [D]) is planted beside the seeds, and the gradient starts there: no answer is worse. Stops after
    `generations`, or after `patience` of them without a better candidate, counted once no violation is tolerated any
    more.
    """
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "genetic", started)
    evaluator = make_evaluator(problem, block=block, tabulated=True)
    journal = Journal(problem, "genetic", started, evaluator, progress)
    generator = np.random.default_rng(seed)
    toolbox = base.Toolbox()
    toolbox.register("select", operators.tournament, generator, size=tournament)
    toolbox.register("mate", operators.crossover, generator, rungs=problem.rungs, probability=crossover)
    toolbox.register("mutate", operators.mutation, generator, rungs=problem.rungs, start=problem.start, share=mutation)
    toolbox.register("evaluate", evaluator.fitness)
    toolbox.register("map", lambda evaluate, rungs: Scored(rungs, *evaluate(rungs)))

    climbing = {"seed": seed, "starts": starts, "steps": steps, "learning_rate": learning_rate, "begin": begin}
    planted, worth, bound = _plant(evaluator, journal, seeds, population, climbing)
    sparing = make_sparing(problem)

    def spared(rungs: np.ndarray) -> np.ndarray:
        return rungs if sparing is None else sparing.varied(rungs, worth, generator)

    newcomers = spared(operators.initial(generator, planted, problem.rungs, population))
    current = toolbox.map(toolbox.evaluate, newcomers)
    journal.take(*current)
    most_tolerated = _most_tolerated(current.violation)
    idle = 0
    for generation in range(1, generations):
        tolerated = most_tolerated * max(1 - generation / (TOLERANT * generations), 0.0) ** DECAY
        rank = operators.ranks(current.value, current.violation, tolerated)
        parents = current.rungs[toolbox.select(rank)]
        children = toolbox.map(toolbox.evaluate, spared(toolbox.mutate(toolbox.mate(parents))))
        better = journal.take(*children)
        idle = 0 if better or tolerated > 0 else idle + 1
        gap = journal.gap(bound)
        if gap <= PROVEN or idle >= (patience if gap > NEAR else patience // HURRY):
            break
        current = _survivors(current, rank, children, elite, journal.best, tolerated)
    return rescored(journal.solution(), evaluator, bound, population, block)


def _plant(
    evaluator: Evaluator, journal: Journal, seeds: Sequence[str], population: int, climbing: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """The seeds' rungs [N, D] int32, what each change is worth [D] where their number is limited, and the bound."""
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
    return np.concatenate(planted).astype(np.int32), worth, bound


def _most_tolerated(violation: np.ndarray) -> float:
    """The violation that a fifth of the first population keeps within."""
    finite = violation[np.isfinite(violation)]
    return float(np.quantile(finite, 0.2)) if len(finite) else 0.0


def _survivors(
    parents: Scored, rank: np.ndarray, children: Scored, elite: int, best: Individual, tolerated: float
) -> Scored:
    """The children, their worst replaced by the `elite` best parents and the best of all; none is evaluated again."""
    elite = min(elite, len(rank) // 2)
    if elite <= 0:
        return children
    worst = np.argsort(operators.ranks(children.value, children.violation, tolerated), kind="stable")[::-1]
    keep = np.argsort(rank, kind="stable")[: elite - 1]
    places = worst[: len(keep) + 1]
    violation, value = best.fitness.values
    rungs, values, violations = (array.copy() for array in children)
    rungs[places] = np.concatenate([parents.rungs[keep], best.rungs[None]])
    values[places] = np.append(parents.value[keep], value)
    violations[places] = np.append(parents.violation[keep], violation)
    return Scored(rungs, values, violations)
