"""DEAP's genetic search on whole populations: one compiled fitness call per generation. Not for single operators.

DEAP's vocabulary (Toolbox with select, mate, mutate, refine, evaluate, map; HallOfFame; Logbook) on matrices of rungs,
not lists of individuals: per-individual Python costs a third of a generation or more. Feasibility first (Deb 2000),
with a tolerance that decays to zero (epsilon constraint method, Takahama & Sakai 2006).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from deap import base

from search import operators as own
from search.ascent import LEARNING_RATE, STEPS, refined
from search.checkpoint import Checkpoint, Scored, State
from search.evaluate import make_evaluator
from search.journal import Individual, Journal, holding
from search.planting import NEAR, SEEDS, plant
from search.rescore import rescored
from search.soft import lexicographic
from search.sparing import make_sparing
from search.types import PricingProblem, Solution

TOLERANT = 0.6  # share of the generations in which some violation is tolerated
DECAY = 5  # exponent of the tolerance's decay
PROVEN = 2e-5  # gap to the bound at which the search is over
HURRY = 4  # times less patience where it is below planting.NEAR
REFINED = 2  # of a population's best climb where it is refined


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
    refine: int = 10,
    starts: int = 4,
    steps: int = STEPS,
    learning_rate: float = LEARNING_RATE,
    block: int = 16,
    begin: np.ndarray | None = None,
    checkpoint: str | None = None,
    checkpoint_every: int = 10,
    operators: Mapping[str, Callable] | None = None,
) -> Solution:
    """Searches by DEAP; settings as in search.settings.SearchSettings. The same seed gives the same answer.

    `begin` (rungs [D]) is planted beside the seeds, and the gradient starts there: no answer is worse. Stops after
    `generations`, or after `patience` of them without a better candidate, counted once no violation is tolerated any
    more.

    operators: of your own in place of `select`, `mate` or `mutate`: functions of a numpy Generator and the ranks [P]
    (0 = best), giving the row numbers that win [P], or of a Generator and a population [P, D], giving another one.
    search.adapter makes them of DEAP's operators on single individuals.
    """
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "genetic", started)
    settings = {"population": population, "generations": generations, "crossover": crossover, "mutation": mutation}
    settings |= {"tournament": tournament, "elite": elite, "seeds": list(seeds), "refine": refine, "starts": starts}
    settings |= {"steps": steps, "learning_rate": learning_rate, "block": block, "seed": seed}
    evaluator = make_evaluator(problem, block=block, tabulated=True)
    journal = Journal(problem, "genetic", started, evaluator, progress)
    generator = np.random.default_rng(seed)
    toolbox = base.Toolbox()
    toolbox.register("select", own.tournament, generator, size=tournament)
    toolbox.register("mate", own.crossover, generator, rungs=problem.rungs, probability=crossover)
    toolbox.register("mutate", own.mutation, generator, rungs=problem.rungs, start=problem.start, share=mutation)
    toolbox.register("refine", refined, evaluator)
    toolbox.register("evaluate", evaluator.fitness)
    toolbox.register("map", lambda evaluate, rungs: Scored(rungs, *evaluate(rungs)))
    for name, operator in (operators or {}).items():
        toolbox.register(name, own.checked(name, operator, problem.rungs), generator)

    kept = None
    if checkpoint is not None:
        planted = {"begin": None if begin is None else begin.tolist(), "operators": sorted(operators or {})}
        kept = Checkpoint(checkpoint, checkpoint_every, evaluator, settings | planted)
    state = kept.load(journal, generator) if kept else None
    climbing = {"seed": seed, "starts": starts, "steps": steps, "learning_rate": learning_rate, "begin": begin}
    spared = partial(_spared, make_sparing(problem), generator)
    if state is None:
        planted = plant(evaluator, journal, seeds, population, climbing)
        newcomers = own.initial(generator, planted.rungs, problem.rungs, population)
        current = toolbox.map(toolbox.evaluate, spared(newcomers, planted.worth))
        journal.take(*current)
        state = State(0, current, 0, most_tolerated(current.violation), planted.worth, planted.bound)
    while state.generation + 1 < generations and not over(state.idle, journal.gap(state.bound), patience):
        state = _next(state, toolbox, journal, spared, settings)
        if kept:
            kept.save(state, journal, generator)
    return rescored(journal.solution(), evaluator, state.bound, population, block)


def over(idle: int, gap: float, patience: int) -> bool:
    """Whether the bound is reached, or too many generations brought nothing."""
    return gap <= PROVEN or idle >= (patience if gap > NEAR else patience // HURRY)


def tolerance(most: float, generation: Any, generations: int) -> Any:
    """The violation tolerated in a generation, a number or an array of them."""
    return most * np.maximum(1 - generation / (TOLERANT * generations), 0.0) ** DECAY


def _next(
    state: State,
    toolbox: base.Toolbox,
    journal: Journal,
    spared: Callable[[np.ndarray, np.ndarray], np.ndarray],
    settings: Mapping[str, Any],
) -> State:
    """One generation."""
    generation, current = state.generation + 1, state.current
    tolerated = tolerance(state.most_tolerated, generation, settings["generations"])
    rank = own.ranks(current.value, current.violation, tolerated)
    parents = current.rungs[toolbox.select(rank)]
    children = toolbox.mutate(toolbox.mate(parents))
    if settings["refine"] and generation % settings["refine"] == 0 and journal.gap(state.bound) > NEAR:
        few = np.argsort(rank, kind="stable")[:REFINED]
        children[: len(few)] = toolbox.refine(current.rungs[few])
    children = toolbox.map(toolbox.evaluate, spared(children, state.worth))
    better = journal.take(*children)
    current = _survivors(current, rank, children, settings["elite"], journal.best, tolerated)
    idle = 0 if better or tolerated > 0 else state.idle + 1
    return state._replace(generation=generation, current=current, idle=idle)


def _spared(sparing, generator: np.random.Generator, rungs: np.ndarray, worth: np.ndarray) -> np.ndarray:
    return rungs if sparing is None else sparing.varied(rungs, worth, generator)


def most_tolerated(violation: np.ndarray) -> float:
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
    worst = np.argsort(own.ranks(children.value, children.violation, tolerated), kind="stable")[::-1]
    keep = np.argsort(rank, kind="stable")[: elite - 1]
    places = worst[: len(keep) + 1]
    violation, value = best.fitness.values
    rungs, values, violations = (array.copy() for array in children)
    rungs[places] = np.concatenate([parents.rungs[keep], best.rungs[None]])
    values[places] = np.append(parents.value[keep], value)
    violations[places] = np.append(parents.violation[keep], violation)
    return Scored(rungs, values, violations)
