"""The bound: per choice set the best of all cells of its index, each by the multiplier that bounds it best.

In a cell from m to m' the profits of chosen rungs are linear in the index, so that for any λ no prices there earn more
than the larger of sum_i max_l (π_i(l, e) - λ (x_il - e)) at its ends e. Searched for in float32, proven in float64.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

FIRST, AGAIN = 26, 10  # halvings of the bracket of λ: at first, and around the λ of the call before
NARROWED = 0.02  # of the first bracket, where it was bracketed before
ROUNDED = 2e-7  # of the numbers that are added: float32 loses less


class Sets(NamedTuple):
    """Items by choice set, for the search of λ, in float32: profits [C, n, L, M], rows (each [C, n, L, M or 1]),
    terms [C, n, L], grid [C, M]."""

    profits: jax.Array
    rows: tuple[jax.Array, ...]
    terms: jax.Array
    grid: jax.Array


class Bounded(NamedTuple):
    """By set: value [C], slopes [C, M - 1] (λ of every cell), rungs [C, n] that reach the value; and spent [R], what
    these add up to in the rows."""

    value: jax.Array
    slopes: jax.Array
    rungs: jax.Array
    spent: jax.Array


def by_set(choice_set: np.ndarray, sets: int) -> np.ndarray:
    """Item numbers [C, n] of the items' sets [I]; I where a set has fewer items than another."""
    order = np.argsort(choice_set, kind="stable")
    counts = np.bincount(choice_set, minlength=sets)
    of_set = np.full((sets, max(int(counts.max(initial=1)), 1)), len(choice_set))
    of_set[choice_set[order], np.arange(len(order)) - (np.cumsum(counts) - counts)[choice_set[order]]] = order
    return of_set


def padded(values: np.ndarray, of_set: np.ndarray) -> np.ndarray:
    """[I, ...] -> [C, n, ...], nothing where there is no item."""
    if (of_set < len(values)).all():
        return values[of_set]
    return np.concatenate([values, np.zeros((1, *values.shape[1:]), values.dtype)])[of_set]


@partial(jax.jit, static_argnames="again")
def bounds(sets: Sets, multipliers: jax.Array, around: jax.Array, again: bool) -> Bounded:
    """The sets' bounds with the rows priced in at multipliers [R], a set at a time. around: λ [C, M - 1] to begin at,
    from a call with other multipliers if `again`."""

    def one(part: tuple) -> tuple:
        profit, rows, term, points, middle = part
        for number, row in enumerate(rows):
            profit = profit - multipliers[number] * row
        ends = jnp.stack([profit[..., :-1], profit[..., 1:]])  # [2, n, L, M - 1]
        at = jnp.stack([points[:-1], points[1:]])  # [2, M - 1]
        gaps = jnp.abs(jnp.diff(term, axis=1))[..., None]
        steep = jnp.abs(jnp.diff(profit, axis=1)) / jnp.maximum(gaps, 1e-9)
        width = (NARROWED if again else 1.0) * jnp.max(jnp.where(gaps > 1e-9, steep, 0.0))
        largest = jnp.abs(term).max()

        def bounded(slope: jax.Array) -> tuple[jax.Array, jax.Array]:
            net = ends - slope * term[..., None]
            best = net.max(axis=2, keepdims=True)
            # argmax is slow on a CPU; and what a compiler works out a second time need not be the same to the last bit
            reach = net >= best - ROUNDED * (jnp.abs(best) + jnp.abs(slope) * largest)
            spent = jnp.where(reach, term[..., None], -jnp.inf).max(axis=2)
            return best[:, :, 0].sum(axis=1) + slope * at, at - spent.sum(axis=1)

        def halve(_: int, carry: tuple) -> tuple:
            low, high, least, kept = carry
            slope = (low + high) / 2
            best, rises = bounded(slope)
            value, rise = best.max(axis=0), jnp.where(best[0] > best[1], rises[0], rises[1])
            kept, least = jnp.where(value < least, slope, kept), jnp.minimum(value, least)
            return jnp.where(rise > 0, low, slope), jnp.where(rise > 0, slope, high), least, kept

        carry = (middle - width, middle + width, bounded(middle)[0].max(axis=0), middle)
        _, _, value, slope = jax.lax.fori_loop(0, AGAIN if again else FIRST, halve, carry)
        cell = jnp.argmax(value)
        end = jnp.argmax(bounded(slope)[0][:, cell])
        chosen = jnp.argmax(ends[end, :, :, cell] - slope[cell] * term, axis=1)
        items = jnp.arange(len(chosen))
        spent = [row[items, chosen, 0 if row.shape[-1] == 1 else cell + end].sum() for row in rows]
        return value[cell], slope, chosen, jnp.stack([*spent, jnp.zeros(())])

    value, slopes, rungs, spent = jax.lax.map(one, (sets.profits, sets.rows, sets.terms, sets.grid, around))
    return Bounded(value, slopes, rungs, spent.sum(axis=0)[:-1])


def proven(profits: np.ndarray, terms: np.ndarray, grid: np.ndarray, slopes: np.ndarray) -> float:
    """The sum of the sets' bounds at these λ [C, M - 1] in float64: profits [C, n, L, M] with the rows priced in, terms
    [C, n, L], grid [C, M]."""
    total = 0.0
    for profit, term, points, slope in zip(profits, terms, grid, slopes, strict=True):
        drawn = slope * term[..., None]
        ends = ((profit[..., :-1] - drawn).max(axis=1).sum(axis=0) + slope * points[:-1]).max()
        total += float(max(ends, ((profit[..., 1:] - drawn).max(axis=1).sum(axis=0) + slope * points[1:]).max()))
    return total
