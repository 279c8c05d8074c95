"""The genetic search on the device: whole generations in one compiled loop (lax.scan), nothing sent in between.

The same operators, seeds, fitness and stopping as search.genetic, drawn by jax.random. Not for rules that limit which
prices change together (max_changes, all_or_nothing): it knows no repair of them, only selection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from search import operators, scan_operators
from search.ascent import LEARNING_RATE, STEPS, refined
from search.checkpoint import Scored
from search.compiled import Compiled
from search.evaluate import Evaluator, make_evaluator, scored
from search.genetic import REFINED, most_tolerated, over, tolerance
from search.journal import Journal, holding
from search.planting import NEAR, SEEDS, plant
from search.polish import evaluated
from search.rescore import rescored
from search.soft import lexicographic
from search.types import PricingProblem, Solution

CHUNK = 20  # generations between two looks at whether it is over, where nothing is refined


class Course(NamedTuple):
    """Settings that shape the compiled loop."""

    crossover: float
    mutation: float
    tournament: int
    elite: int
    block: int


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
) -> Solution:
    """Searches on the device; arguments as those of search.genetic. The same seed gives the same answer."""
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "genetic_on_device", started)
    evaluator = make_evaluator(problem, block=block, tabulated=True)
    journal = Journal(problem, "genetic_on_device", started, evaluator, progress)
    climbing = {"seed": seed, "starts": starts, "steps": steps, "learning_rate": learning_rate, "begin": begin}
    planted = plant(evaluator, journal, seeds, population, climbing)
    newcomers = operators.initial(np.random.default_rng(seed), planted.rungs, problem.rungs, population)
    value, violation = evaluator.fitness(newcomers)
    journal.take(newcomers, value, violation)
    most = most_tolerated(violation)
    current = Scored(*map(jnp.asarray, (newcomers, np.float32(value), np.float32(violation))))
    best = Scored(*(jnp.asarray(part) for part in (journal.best.rungs, *np.float32(journal.best.fitness.values[::-1]))))
    course = Course(crossover, mutation, tournament, min(elite, population // 2), block)
    lengths, start = jnp.asarray(problem.rungs), jnp.asarray(problem.start)
    key, generation, idle, chunk = jax.random.key(seed), 1, 0, refine or CHUNK
    while generation < generations and not over(idle, journal.gap(planted.bound), patience):
        each = generation + np.arange(chunk)
        tolerated = tolerance(most, each, generations)
        keys = jax.random.split(jax.random.fold_in(key, generation), chunk)
        arguments = (lengths, start, keys, jnp.asarray(tolerated, jnp.float32))
        current, best, log = _generations(evaluator.compiled, current, best, *arguments, course)
        for number, row in enumerate(zip(*map(np.asarray, log), strict=True)):
            evaluator.evaluations += population
            better = journal.take(*(part[None] for part in row[:3]), mean=float(row[3]))
            idle = 0 if better or tolerated[number] > 0 else idle + 1
        generation += chunk
        if refine and journal.gap(planted.bound) > NEAR:
            current = _with_refined(evaluator, journal, current, tolerated[-1])
    return rescored(journal.solution(), evaluator, planted.bound, population, block)


def _with_refined(evaluator: Evaluator, journal: Journal, current: Scored, tolerated: float) -> Scored:
    """The population, its worst replaced by what climbs from its best."""
    order = np.argsort(operators.ranks(np.asarray(current.value), np.asarray(current.violation), tolerated))
    better = refined(evaluator, np.asarray(current.rungs)[order[:REFINED]])
    fitness = evaluated(evaluator, better, len(order), journal.take)
    places = order[::-1][: len(better)]
    return Scored(*(part.at[places].set(new) for part, new in zip(current, (better, *fitness), strict=True)))


@partial(jax.jit, static_argnames="course")
def _generations(
    compiled: Compiled,
    current: Scored,
    best: Scored,
    lengths: jax.Array,
    start: jax.Array,
    keys: jax.Array,
    tolerances: jax.Array,
    course: Course,
) -> tuple[Scored, Scored, tuple[jax.Array, ...]]:
    """Generations, one per key and tolerance: the population, the best of all, and of each generation the best
    child's rungs, value and violation and the mean value."""

    def one(carry: tuple, given: tuple) -> tuple:
        (parents, best), (key, tolerated) = carry, given
        keys = jax.random.split(key, 3)
        rank = scan_operators.ranks(parents.value, parents.violation, tolerated)
        chosen = parents.rungs[scan_operators.tournament(keys[0], rank, course.tournament)]
        rungs = scan_operators.crossover(keys[1], chosen, lengths, course.crossover)
        rungs = scan_operators.mutation(keys[2], rungs, lengths, start, course.mutation)
        value, violation, _ = scored(compiled, rungs, course.block, None)
        children = Scored(rungs, value, violation)
        first = jnp.lexsort((-value, violation))[0]
        found = jax.tree.map(lambda part: part[first], children)
        better = (found.violation < best.violation) | ((found.violation == best.violation) & (found.value > best.value))
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), found, best)
        finite = jnp.isfinite(value)
        mean = jnp.sum(value, where=finite) / jnp.maximum(finite.sum(), 1)
        return (_survivors(parents, rank, children, best, tolerated, course.elite), best), (*found, mean)

    (current, best), log = jax.lax.scan(one, (current, best), (keys, tolerances))
    return current, best, log


def _survivors(
    parents: Scored, rank: jax.Array, children: Scored, best: Scored, tolerated: jax.Array, elite: int
) -> Scored:
    """The children, their worst replaced by the `elite` best parents, of which the last is the best of all."""
    if elite <= 0:
        return children
    places = jnp.argsort(scan_operators.ranks(children.value, children.violation, tolerated))[::-1][:elite]
    keep = jnp.argsort(rank)[: elite - 1]

    def replaced(child: jax.Array, parent: jax.Array, of_all: jax.Array) -> jax.Array:
        return child.at[places].set(jnp.concatenate([parent[keep], of_all[None]]))

    return jax.tree.map(replaced, children, parents, best)
