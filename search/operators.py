"""Genetic operators on whole populations as matrices of rungs. Not for the loop that applies them.

Populations are int32 [P, D]; every operator takes a numpy Generator and returns a new matrix within the ladders.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from data_io.errors import ConfigError

RESET = 0.15  # share of mutated genes drawn anew from their whole ladder
RETURN = 0.02  # share of mutated genes put back to the current price


def initial(generator: np.random.Generator, seeds: np.ndarray, rungs: np.ndarray, size: int) -> np.ndarray:
    """A population [P, D]: the seeds [N, D] first, then mixtures of a seed with uniform draws.

    Each newcomer keeps a random distance from its seed, small ones as often as large ones: uniform vectors alone
    are hopeless in many dimensions.
    """
    count = max(size - len(seeds), 0)
    base = seeds[generator.integers(len(seeds), size=count)]
    distance = 10 ** generator.uniform(-2, 0, (count, 1))
    uniform = generator.uniform(0, rungs, (count, len(rungs)))
    mixed = np.rint(base + distance * (uniform - base))
    return np.concatenate([seeds[:size], clip(mixed, rungs)]).astype(np.int32)


def ranks(value: np.ndarray, violation: np.ndarray, tolerance: float) -> np.ndarray:
    """Ranks [P], 0 = best: feasible first by value, the others by violation; up to `tolerance` counts as feasible."""
    broken = np.where(violation <= tolerance, 0.0, violation)
    order = np.lexsort((-value, broken))
    rank = np.empty(len(value), np.int64)
    rank[order] = np.arange(len(value))
    return rank


def tournament(generator: np.random.Generator, rank: np.ndarray, size: int) -> np.ndarray:
    """Winners [P] (row numbers) of P tournaments among `size` random rows each."""
    entrants = generator.integers(len(rank), size=(len(rank), size))
    return entrants[np.arange(len(rank)), rank[entrants].argmin(axis=1)]


def crossover(generator: np.random.Generator, parents: np.ndarray, rungs: np.ndarray, probability: float) -> np.ndarray:
    """Children [P, D] of neighbouring rows: half the pairs swap genes uniformly, half blend them.

    A blend moves every gene by one common factor between (and a little beyond) the parents, so that prices that
    must move together, for an index or a margin, can.
    """
    size = len(parents) // 2 * 2
    first, second = parents[:size:2], parents[1:size:2]
    pairs = (size // 2, 1)
    mates = generator.random(pairs) < probability
    blends = generator.random(pairs) < 0.5
    weight = generator.uniform(-0.25, 1.25, pairs)
    swaps = generator.random(first.shape) < 0.5
    difference = second - first
    step = np.where(blends, np.rint(weight * difference), np.where(swaps, difference, 0))
    step = np.where(mates, step, 0)
    children = parents.copy()
    children[:size:2] = clip(first + step, rungs)
    children[1:size:2] = clip(second - step, rungs)
    return children


def mutation(
    generator: np.random.Generator, population: np.ndarray, rungs: np.ndarray, start: np.ndarray, share: float
) -> np.ndarray:
    """Mutants [P, D]: small steps, and some genes drawn anew or put back to the current price (start [D]).

    Each row draws how many genes change (one up to `share` of them) and how far (one rung up to a third of a
    ladder), both on a logarithmic scale, so one population searches coarsely and finely at once.
    """
    size, genes = population.shape
    expected = np.maximum(share * genes, 1.0) ** generator.random((size, 1))
    changed = generator.random((size, genes)) < expected / genes
    changed[np.arange(size), generator.integers(genes, size=size)] = True
    reach = np.maximum(rungs / 3, 1.0) ** generator.random((size, 1))
    steps = np.ceil(reach * generator.random((size, genes)))
    steps = np.where(generator.random((size, genes)) < 0.5, -steps, steps)
    mutant = population + steps
    kind = generator.random((size, genes))
    mutant = np.where(kind < RESET + RETURN, start, mutant)
    mutant = np.where(kind < RESET, generator.integers(0, rungs, (size, genes)), mutant)
    return clip(np.where(changed, mutant, population), rungs)


def checked(name: str, operator: Callable, rungs: np.ndarray) -> Callable:
    """A user's operator, its result checked and brought back into the ladders.

    Raises:
        ConfigError: it stands for no operator, or answers what is no selection (`select`) or no population.
    """
    if name not in ("select", "mate", "mutate"):
        raise ConfigError(f"operators: {name!r} is none. There are select, mate, mutate.")

    def asked(generator: np.random.Generator, given: np.ndarray) -> np.ndarray:
        found = np.asarray(operator(generator, given))
        if found.shape != given.shape or not np.issubdtype(found.dtype, np.integer):
            raise ConfigError(
                f"operators: {name} answered {found.dtype} {list(found.shape)} where integers {list(given.shape)} "
                "are asked for."
            )
        return np.clip(found, 0, len(given) - 1) if name == "select" else clip(found, rungs)

    return asked


def clip(population: np.ndarray, rungs: np.ndarray) -> np.ndarray:
    """Rungs brought back into their ladders, int32."""
    return np.clip(population, 0, rungs - 1).astype(np.int32)
