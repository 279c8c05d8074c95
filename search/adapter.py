"""DEAP's operators on single individuals, as operators on populations for search.genetic. Not for speed.

    genetic.optimise(problem, seed=0, operators={"mate": pairwise(tools.cxTwoPoint), "mutate": single(
        tools.mutShuffleIndexes, indpb=0.05), "select": among(tools.selTournament, tournsize=3)})

DEAP draws from Python's `random`; it is seeded from the search's generator and put back afterwards, so that one seed
still gives one answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
from deap import base


class Genes(list):
    """One individual: its rungs; `row` is its place in the population."""

    def __init__(self, rungs: list[int], row: int, fitness: base.Fitness):
        super().__init__(rungs)
        self.row, self.fitness = row, fitness


class ByRank(base.Fitness):
    """The rank of an individual; less is better."""

    weights = (-1.0,)


def pairwise(operator: Callable, probability: float = 0.7, **settings: Any) -> Callable:
    """`mate` of DEAP's crossover of two individuals, which neighbours undergo with this probability."""

    @wraps(operator)
    def mate(generator: np.random.Generator, parents: np.ndarray) -> np.ndarray:
        pairs = zip(parents[::2].tolist(), parents[1::2].tolist(), strict=False)
        mated = generator.random(len(parents) // 2) < probability
        children = parents.copy()
        with _randomness(generator):
            for number, (one, other) in enumerate(pairs):
                if mated[number]:
                    both = operator(_individual(one), _individual(other), **settings)
                    children[2 * number : 2 * number + 2] = np.array([list(each) for each in both])
        return children

    return mate


def single(operator: Callable, **settings: Any) -> Callable:
    """`mutate` of DEAP's mutation of one individual."""

    @wraps(operator)
    def mutate(generator: np.random.Generator, population: np.ndarray) -> np.ndarray:
        with _randomness(generator):
            return np.array([list(operator(_individual(one), **settings)[0]) for one in population.tolist()])

    return mutate


def among(operator: Callable, **settings: Any) -> Callable:
    """`select` of DEAP's selection of k individuals; their fitness is the rank (0 = best), to be made small."""

    @wraps(operator)
    def select(generator: np.random.Generator, rank: np.ndarray) -> np.ndarray:
        individuals = [_individual([], row, float(place)) for row, place in enumerate(rank)]
        with _randomness(generator):
            return np.array([one.row for one in operator(individuals, len(rank), **settings)])

    return select


def _individual(rungs: list[int], row: int = -1, rank: float = 0.0) -> Genes:
    return Genes(rungs, row, ByRank((rank,)))


@contextmanager
def _randomness(generator: np.random.Generator) -> Iterator[None]:
    before = random.getstate()
    random.seed(int(generator.integers(2**63)))
    try:
        yield
    finally:
        random.setstate(before)
