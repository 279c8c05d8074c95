"""NSGA-II (Deb et al. 2002): the prices between which one measure must be given up for another. Not for one measure.

DEAP sorts the fronts and measures crowding and hypervolume; the populations stay matrices. Feasible candidates come
first, the others follow by their violation. Axes: N points of the front, D decisions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import moocore
import numpy as np
from deap import base
from deap.tools import emo

from data_io.errors import ConfigError
from search import operators
from search.ascent import LEARNING_RATE, STEPS
from search.evaluate import make_evaluator
from search.front import front_seeds
from search.journal import Journal, holding
from search.planting import SEEDS, plant
from search.rescore import rescored
from search.soft import lexicographic
from search.types import Front, PricingProblem, Solution

AGAINST = ("units", "revenue", "profit", "margin", "changes")


class Judged(NamedTuple):
    """rungs [P, D], measures [P, 2] (more is better), violation [P]."""

    rungs: np.ndarray
    measures: np.ndarray
    violation: np.ndarray


class Both(base.Fitness):
    """Two measures, more is better."""

    weights = (1.0, 1.0)


class Point:
    """A candidate as DEAP sorts it: its row and its fitness."""

    def __init__(self, row: int, measures: np.ndarray):
        self.row, self.fitness = row, Both(measures)


@lexicographic
def optimise(
    problem: PricingProblem,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
    against: str = "units",
    population: int = 128,
    generations: int = 200,
    crossover: float = 0.7,
    mutation: float = 0.1,
    seeds: Sequence[str] = SEEDS,
    starts: int = 4,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    block: int = 16,
    begin: np.ndarray | None = None,
) -> Solution:
    """The front of the objective against a second measure (Compiled.measure); the answer is its end of most objective.

    Seeded from the dual or from ascents at several weights; the other arguments are those of search.genetic.

    Raises:
        ConfigError: `against` is unknown, or is the objective itself.
    """
    check_against(against, problem.objective.name)
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "nsga2", started)
    evaluator = make_evaluator(problem, block=block, tabulated=True)
    journal = Journal(problem, "nsga2", started, evaluator, progress)
    generator = np.random.default_rng(seed)
    climbing = {"seed": seed, "starts": starts, "steps": steps, "learning_rate": learning_rate, "begin": begin}
    planted = plant(evaluator, journal, seeds, population, climbing)
    best = planted.rungs[0] if journal.best is None else journal.best.rungs
    asked = {"seed": seed, "population": population, "take": journal.take}
    rungs = np.concatenate([planted.rungs, front_seeds(evaluator, against, best, **asked)])

    def judge(rungs: np.ndarray) -> Judged:
        value, violation, second = evaluator.measured(rungs, against)
        return Judged(rungs, np.stack([value, second], axis=1), violation)

    first = judge(operators.initial(generator, rungs, problem.rungs, population))
    worst = first.measures[np.isfinite(first.measures).all(axis=1)].min(axis=0, initial=0.0)
    course = {"crossover": crossover, "mutation": mutation, "generations": generations}
    for current in evolve(judge, first, problem.rungs, problem.start, generator, **course):
        volume = hypervolume(current.measures[current.violation <= 0], worst)
        journal.take(current.rungs, current.measures[:, 0], current.violation, hypervolume=volume)
    found = rescored(journal.solution(), evaluator, planted.bound, population, block)
    return replace(found, front=_by_demand(problem, current, found, against, population, block))


def check_against(against: str, objective: str) -> None:
    """Refuse a second measure that is unknown or the objective itself. Raises ConfigError."""
    there = [name for name in AGAINST if name != objective]
    if against not in there:
        raise ConfigError(
            f"search.against={against} cannot stand beside objective={objective}. There are {', '.join(there)}."
        )


def evolve(
    judge: Callable[[np.ndarray], Judged],
    current: Judged,
    rungs: np.ndarray,
    start: np.ndarray,
    generator: np.random.Generator,
    *,
    generations: int,
    crossover: float,
    mutation: float,
) -> Iterator[Judged]:
    """The first and every later generation's survivors [P]; rungs, start [D] as in a PricingProblem."""
    size = len(current.rungs)
    current, rank = _best(current, size), np.arange(size)
    yield current
    for _ in range(1, generations):
        parents = current.rungs[operators.tournament(generator, rank, 2)]
        children = operators.crossover(generator, parents, rungs, crossover)
        children = judge(operators.mutation(generator, children, rungs, start, mutation))
        both = Judged(*(np.concatenate(pair) for pair in zip(current, children, strict=True)))
        current = _best(both, size)
        yield current


def hypervolume(measures: np.ndarray, worst: np.ndarray) -> float:
    """The area that measures [N, 2] have in common above `worst` [2]."""
    return float(moocore.hypervolume(-measures, ref=-worst)) if len(measures) else 0.0


def _best(judged: Judged, size: int) -> Judged:
    """The `size` best, in their order."""
    order, _ = _sorted(judged)
    return Judged(*(part[order[:size]] for part in judged))


def _sorted(judged: Judged) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers [P] by front and crowding, then the infeasible, then what is there twice; and the front of every row
    [P], infinite of the last two kinds."""
    count = len(judged.rungs)
    key = np.full((3, count), np.inf)  # crowding, front, violation
    distinct = np.zeros(count, bool)
    distinct[np.unique(judged.rungs, axis=0, return_index=True)[1]] = True
    fine = distinct & (judged.violation <= 0) & np.isfinite(judged.measures).all(axis=1)
    key[2] = np.where(distinct, np.maximum(judged.violation, 1e-30), np.inf)
    key[2, fine] = 0.0
    points = [Point(row, judged.measures[row]) for row in np.flatnonzero(fine)]
    for number, front in enumerate(emo.sortLogNondominated(points, len(points)) if points else []):
        emo.assignCrowdingDist(front)
        rows = [point.row for point in front]
        key[0, rows], key[1, rows] = [-point.fitness.crowding_dist for point in front], number
    return np.lexsort(key), key[1]


def _by_demand(
    problem: PricingProblem, last: Judged, found: Solution, against: str, population: int, block: int
) -> Front:
    """The last population and the answer judged by the demand itself, as far as none is better in both measures."""
    evaluator = make_evaluator(problem, block=block)
    rungs = np.concatenate([last.rungs, found.rungs[None]])
    rungs = np.concatenate([rungs, np.repeat(rungs[:1], -len(rungs) % population, axis=0)])
    parts = [evaluator.measured(rows, against) for rows in rungs.reshape(-1, population, rungs.shape[1])]
    value, violation, second = (np.concatenate(each) for each in zip(*parts, strict=True))
    judged = Judged(rungs, np.stack([value, second], axis=1), violation)
    rows = np.flatnonzero(_sorted(judged)[1] == 0)
    rows = rows[np.argsort(-judged.measures[rows, 0], kind="stable")]
    return Front(rungs[rows], judged.measures[rows], (problem.objective.name, against))
