"""The genetic operators of search.operators for the device: the same distributions, drawn by jax.random.

Not for the loop that applies them. Populations are int32 [P, D]; `rungs` [D] are the ladders' lengths.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from search.operators import RESET, RETURN


def ranks(value: jax.Array, violation: jax.Array, tolerance: jax.Array) -> jax.Array:
    """Ranks [P], 0 = best: feasible first by value, the others by violation; up to `tolerance` counts as feasible."""
    broken = jnp.where(violation <= tolerance, 0.0, violation)
    order = jnp.lexsort((-value, broken))
    return jnp.zeros(len(value), jnp.int32).at[order].set(jnp.arange(len(value), dtype=jnp.int32))


def tournament(key: jax.Array, rank: jax.Array, size: int) -> jax.Array:
    """Winners [P] (row numbers) of P tournaments among `size` random rows each."""
    entrants = jax.random.randint(key, (len(rank), size), 0, len(rank))
    return jnp.take_along_axis(entrants, rank[entrants].argmin(axis=1)[:, None], axis=1)[:, 0]


def crossover(key: jax.Array, parents: jax.Array, rungs: jax.Array, probability: float) -> jax.Array:
    """Children [P, D] of neighbouring rows: half the pairs swap genes uniformly, half blend them."""
    keys = jax.random.split(key, 4)
    size = len(parents) // 2 * 2
    first, second = parents[:size:2], parents[1:size:2]
    pairs = (size // 2, 1)
    mates = jax.random.uniform(keys[0], pairs) < probability
    blends = jax.random.uniform(keys[1], pairs) < 0.5
    weight = jax.random.uniform(keys[2], pairs, minval=-0.25, maxval=1.25)
    swaps = jax.random.uniform(keys[3], first.shape) < 0.5
    difference = (second - first).astype(jnp.float32)
    step = jnp.where(blends, jnp.rint(weight * difference), jnp.where(swaps, difference, 0.0))
    step = jnp.where(mates, step, 0.0).astype(jnp.int32)
    return parents.at[:size:2].set(clip(first + step, rungs)).at[1:size:2].set(clip(second - step, rungs))


def mutation(key: jax.Array, population: jax.Array, rungs: jax.Array, start: jax.Array, share: float) -> jax.Array:
    """Mutants [P, D]: small steps, and some genes drawn anew or put back to the current price (start [D])."""
    keys = jax.random.split(key, 8)
    size, genes = population.shape
    expected = jnp.maximum(share * genes, 1.0) ** jax.random.uniform(keys[0], (size, 1))
    changed = jax.random.uniform(keys[1], (size, genes)) < expected / genes
    changed = changed.at[jnp.arange(size), jax.random.randint(keys[2], (size,), 0, genes)].set(True)
    reach = jnp.maximum(rungs / 3, 1.0) ** jax.random.uniform(keys[3], (size, 1))
    steps = jnp.ceil(reach * jax.random.uniform(keys[4], (size, genes)))
    steps = jnp.where(jax.random.uniform(keys[5], (size, genes)) < 0.5, -steps, steps).astype(jnp.int32)
    kind = jax.random.uniform(keys[6], (size, genes))
    mutant = jnp.where(kind < RESET + RETURN, start, population + steps)
    mutant = jnp.where(kind < RESET, jax.random.randint(keys[7], (size, genes), 0, rungs), mutant)
    return clip(jnp.where(changed, mutant, population), rungs)


def clip(population: jax.Array, rungs: jax.Array) -> jax.Array:
    """Rungs brought back into their ladders, int32."""
    return jnp.clip(population, 0, rungs - 1).astype(jnp.int32)
