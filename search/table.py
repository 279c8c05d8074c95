"""Responses of a demand that meets rivals' prices through price indices: units over (offer × rung × index), once.

A candidate then costs a lookup and an interpolation instead of a network. Not for demands that declare no index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from search.stock import Shelf
from search.types import IndexedDemand, PricingProblem

MOST_BYTES = 2 << 30  # of units: larger problems ask the demand
POINTS, FEWER, LARGE = 33, 17, 1 << 25  # values of the index, and where the table would have so many numbers or more


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["units", "terms", "start", "step", "choice_set", "decision", "marks"],
    meta_fields=[],
)
@dataclass(frozen=True)
class Table:
    """Units [S, L, M, K] at the rungs of each offer's decision and at M values of its choice set's index.

    Of held offers all rungs are the current price.

    terms [S, L, J]: what an offer adds to its set's index, J = 1 or one index per member. start, step [C, J]: the
    values tabulated. choice_set [S], decision [S] (-1 = held), marks [C] (only its length counts).
    """

    units: Any
    terms: Any
    start: Any
    step: Any
    choice_set: Any
    decision: Any
    marks: Any

    def sold(self, rungs: jax.Array) -> jax.Array:
        """Rungs [P, D] -> expected units [K, P, S]."""
        offer = jnp.arange(len(self.decision))
        rung = jnp.where(self.decision >= 0, rungs[:, jnp.maximum(self.decision, 0)], 0)
        index = jax.ops.segment_sum(jnp.moveaxis(self.terms[offer, rung], 1, 0), self.choice_set, len(self.marks))
        last = self.units.shape[2] - 1
        place = jnp.clip((index - self.start[:, None]) / self.step[:, None], 0, last)[self.choice_set]  # [S, P, J]
        cell = jnp.minimum(place.astype(jnp.int32), last - 1)
        weight, rung, offer = place - cell, rung.T, offer[:, None]
        if place.shape[-1] == 1:
            below, above = (self.units[offer, rung, cell[..., 0] + end] for end in (0, 1))
        else:
            every = jnp.arange(self.units.shape[3])
            below, above = (self.units[offer[..., None], rung[..., None], cell + end, every] for end in (0, 1))
        return jnp.moveaxis(below + weight * (above - below), -1, 0).swapaxes(1, 2)


def tabulate(problem: PricingProblem, shelf: Shelf) -> Table | None:
    """The table of a problem, sales from `shelf`; None where its demand declares no indices, an offer's
    sales depend on other offers' stock, or it is large."""
    demand = problem.demand
    if not isinstance(demand, IndexedDemand) or not len(problem.rungs):
        return None
    if shelf.pools is not None or shelf.elasticity is not None:
        return None
    prices = problem.rung_prices.astype(np.float32)
    sets, place = np.unique(np.asarray(demand.choice_set), return_inverse=True)
    plain = jax.tree_util.all_leaves([demand])  # no pytree: it becomes part of the compiled code
    terms, respond = (jax.jit(partial(one, demand)) if plain else partial(one, demand) for one in (_terms, _respond))
    members = jax.eval_shape(demand, jax.ShapeDtypeStruct((1, len(prices)), jnp.float32)).shape[0]
    points = POINTS if prices.size * POINTS * members < LARGE else FEWER
    if prices.size * points * members * 4 > MOST_BYTES:
        return None
    terms = np.asarray(terms(jnp.asarray(prices.T)), np.float64)  # [J, L, S]
    low, high = (np.zeros((len(sets), len(terms))) for _ in range(2))
    np.add.at(low, place, terms.min(1).T)
    np.add.at(high, place, terms.max(1).T)
    step = np.maximum((high - low) / (points - 1), 1e-12)
    grid = low[:, None] + step[:, None] * np.arange(points)[:, None]  # [C, M, J]
    units = respond(jnp.asarray(prices), jnp.asarray(grid[place], jnp.float32), shelf)
    return Table(
        units=units,
        terms=jnp.asarray(np.moveaxis(terms, (0, 1, 2), (2, 1, 0)), jnp.float32),
        start=jnp.asarray(low, jnp.float32),
        step=jnp.asarray(step, jnp.float32),
        choice_set=jnp.asarray(place, jnp.int32),
        decision=jnp.asarray(problem.decision, jnp.int32),
        marks=jnp.zeros(len(sets)),
    )


@jax.jit
def _terms(demand: IndexedDemand, prices: jax.Array) -> jax.Array:
    return demand.terms(prices)


@jax.jit
def _respond(demand: IndexedDemand, prices: jax.Array, grid: jax.Array, shelf: Shelf) -> jax.Array:
    """Prices [S, L], index values [S, M, J] and the stock -> units [S, L, M, K], a rung at a time."""

    def at(rung: jax.Array) -> jax.Array:
        own = jnp.broadcast_to(prices[:, rung], grid.shape[1::-1])  # [M, S]
        units = demand.respond(own, jnp.transpose(grid, (2, 1, 0)))
        return jnp.transpose(shelf.served(units), (2, 1, 0))  # [S, M, K]

    return jnp.moveaxis(jax.lax.map(at, jnp.arange(prices.shape[1])), 0, 1)
