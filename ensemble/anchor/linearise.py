"""A head's loss and its Gauss-Newton blocks over all stores, compiled. Not for solving (arrow) or noise estimates.

Where shoppers remember prices, heads are asked at the price as it is felt, z + ρ (z − usual): a price that lasts is its
own usual one. Where they stockpile, a promotion's buyers may take more than one (`extra`): sales that no rival lost
(Van Heerde, Gupta & Wittink 2003), which in an attraction's utility would make rivals lose too little to all other
prices. Stores are scanned, so memory does not grow with them. Axes: M stores, T periods, J products, P shared and row
parameters (shared first, then product by product).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ensemble.anchor.heads import (
    HEADS,
    INTERCEPT_SD,
    Block,
    Shape,
    Theta,
    demand_shift,
    drivers_by_kind,
    shared_values,
    split_rows,
)
from ensemble.anchor.residual import Cells, Noise, told

MOST_LOG_UNITS = 20.0


class Arrow(NamedTuple):
    """Gauss-Newton blocks without priors: head [P, P], joint [M, J, P], store [M, J, J]; gradients scores [T, P] by
    period, store_gradient [M, J]. Of shocks [T, J] that all stores share: pull [T, J] = −∂ loss / ∂ shock, within
    [T, J, J] the blocks of a period's, across [T, J, P] those with the parameters."""

    head: jax.Array
    joint: jax.Array
    store: jax.Array
    scores: jax.Array
    store_gradient: jax.Array
    pull: jax.Array
    within: jax.Array
    across: jax.Array

    @property
    def gradient(self) -> jax.Array:
        """[P]."""
        return self.scores.sum(0)


def _log_mean(shape: Shape, block: Block, theta: Theta, scale: jax.Array, cells: Cells, store) -> jax.Array:
    """[T, J] log expected units of one store (number or slice)."""
    shared = shared_values(shape, theta.shared)
    dev, moves, cross = split_rows(shape, theta.rows * scale)
    shift = demand_shift(shared, moves, cells.season, cells.drivers[store])
    shift = shift + INTERCEPT_SD * theta.intercept[store]
    found = _asked(shape, block, cells, store, shared, dev, cross, shift)
    found = found + cells.traffic[store]  # outside of the head: it brings shoppers to one product, from no other
    return jnp.clip(found, -MOST_LOG_UNITS, MOST_LOG_UNITS)


def _asked(shape: Shape, block: Block, cells: Cells, store, shared: dict, dev, cross, shift) -> jax.Array:
    """[T, J] log expected units of one store at the usual traffic: what the head says of prices as they are felt, and
    what a promotion's buyers take more."""
    head = HEADS[shape.head]
    structure = head.structure(shared, dev, cross, block)
    z = cells.z[store] + shared["remembered"] * cells.surprise[store]
    promoted = cells.drivers[store][..., : drivers_by_kind(shape)[0]].sum(-1)
    return head.log_units(structure, block, cells.log_level[store], z, shift) + shared.get("extra", 0.0) * promoted


@partial(jax.jit, static_argnums=0)
def log_means(shape: Shape, block: Block, theta: Theta, scale: jax.Array, cells: Cells) -> jax.Array:
    """[M, T, J] log expected units; scale [columns] is the sd of the rows' parameters."""
    return jax.lax.map(lambda store: _log_mean(shape, block, theta, scale, cells, store), jnp.arange(len(cells.z)))


@partial(jax.jit, static_argnums=0)
def loss(shape: Shape, block: Block, theta: Theta, scale, cells: Cells, noise: Noise, weight) -> jax.Array:
    """[] ½ Σ weight d' R⁻¹ d + ½ |u|²."""

    def one(store):
        return told(cells, noise, weight, _log_mean(shape, block, theta, scale, cells, store), store).value

    return jnp.sum(jax.lax.map(one, jnp.arange(len(cells.z)))) + 0.5 * sum(jnp.sum(part**2) for part in theta)


@partial(jax.jit, static_argnums=0)
def linearise(shape: Shape, block: Block, theta: Theta, scale, cells: Cells, noise: Noise, weight, shocks) -> Arrow:
    """Gauss-Newton blocks of ½ Σ weight d' R⁻¹ d in standardised parameters; `across`, which is large, is 0 unless
    shocks [].

    The derivatives by a product's row are mostly those by its V times the row's factors; multiplied out they would be
    hundreds of columns, nearly all of them zero where products are separable. See Slopes.
    """
    periods, products = cells.z.shape[1:]

    def one(totals, store):
        total, across = totals
        at_point, slopes = _slopes(shape, block, theta, scale, cells, store)
        _, pull, heavy = told(cells, noise, weight, at_point, store)
        weighted = jnp.einsum("tjk,tkd->tjd", heavy, slopes.dense)
        by_shift, at_shift, pulled, by_rows = weighted, heavy, pull, heavy
        if slopes.shift is not None:
            by_shift = jnp.einsum("tjk,tjd->tkd", slopes.shift, weighted)
            by_rows = jnp.einsum("tjk,tkb->tjb", heavy, slopes.shift)
            at_shift = jnp.einsum("tja,tjb->tab", slopes.shift, by_rows)
            pulled = jnp.einsum("tj,tjk->tk", pull, slopes.shift)
        dense = slopes.dense.reshape(-1, slopes.dense.shape[-1])
        head = dense.T @ weighted.reshape(dense.shape)

        def of_row(product):
            """Of one product's factors [n]: with the dense ones [n, d], with all rows' [n, K n], and V's [d], [K n]."""
            shifts, own = by_shift[:, product], slopes.factors[:, product]
            every = (at_shift[:, product, :, None] * slopes.factors).reshape(periods, -1)
            return own.T @ shifts, own.T @ every, shifts.sum(0), every.sum(0)

        mixed, rows, of_dense, of_rows = jax.lax.map(of_row, jnp.arange(products))
        mixed, rows = (part.reshape(-1, part.shape[-1]) for part in (mixed, rows))
        row_scores = (pulled[..., None] * slopes.factors).reshape(periods, -1)
        scores = -jnp.concatenate([jnp.einsum("tj,tjd->td", pull, slopes.dense), row_scores], 1)

        def with_store():
            by_row = (by_rows[..., None] * slopes.factors[:, None]).reshape(periods, products, -1)
            return across + jnp.concatenate([weighted, by_row], -1)

        across = jax.lax.cond(shocks, with_store, lambda: across)
        joint = INTERCEPT_SD * jnp.concatenate([of_dense, of_rows], 1)
        total = jax.tree.map(jnp.add, total, (jnp.block([[head, mixed.T], [mixed, rows]]), scores, pull, heavy))
        return (total, across), (joint, INTERCEPT_SD**2 * at_shift.sum(0), -INTERCEPT_SD * pulled.sum(0))

    order = _order(shape)
    count, cells_of = len(order), (periods, products)
    sizes = ((count, count), (periods, count), cells_of, (*cells_of, products))
    start = (tuple(jnp.zeros(size) for size in sizes), jnp.zeros((*cells_of, count)))
    totals, by_store = jax.lax.scan(one, start, jnp.arange(len(cells.z)))
    ((head, scores, pull, within), across), (joint, own, store_gradient) = totals, by_store
    joint, scores, across = (part[..., order] for part in (joint, scores, across))
    return Arrow(head[order][:, order], joint, own, scores, store_gradient, pull, within, across)


class Slopes(NamedTuple):
    """Derivatives of one store's log means: dense [T, J, d], by shared parameters and, where products are not
    separable, rows' first column; shift [T, J, K], by V (None: the identity); factors [T, K, n], by which V moves with
    each other parameter of K's row."""

    dense: jax.Array
    shift: jax.Array | None
    factors: jax.Array


def _order(shape: Shape) -> np.ndarray:
    """Where each of the P parameters is among dense and factors' ones."""
    if HEADS[shape.head].separable:
        return np.arange(shape.shared_count + shape.products * shape.columns)
    first = shape.shared_count + np.arange(shape.products)[:, None]
    others = shape.products * shape.columns - shape.products
    rest = shape.shared_count + shape.products + np.arange(others).reshape(shape.products, -1)
    return np.concatenate([np.arange(shape.shared_count), np.concatenate([first, rest], 1).ravel()])


def _slopes(shape: Shape, block: Block, theta: Theta, scale, cells: Cells, store) -> tuple[jax.Array, Slopes]:
    """Log means [T, J] of a store and their derivatives.

    Demand is shifted through V, which is linear in its parameters; only prices' parameters need forward passes. Where
    products are separable, one pass serves all rows.
    """
    head, products = HEADS[shape.head], shape.products
    dev, moves, cross = split_rows(shape, theta.rows * scale)
    lifting = cells.drivers[store]
    values = shared_values(shape, theta.shared)
    shift = demand_shift(values, moves, cells.season, lifting) + INTERCEPT_SD * theta.intercept[store]

    def at(numbers, dev, cross, shift):
        return _asked(shape, block, cells, store, shared_values(shape, numbers), dev, cross, shift)

    point = (theta.shared, dev, cross, shift)
    price_numbers = jnp.eye(shape.shared_count)[: shape.shared_count - shape.drivers]

    def along(position: int, tangents: jax.Array) -> jax.Array:
        """[T, J, n] derivatives along n tangents of one argument."""

        def one(tangent):
            full = [jnp.zeros_like(value) for value in point]
            full[position] = jnp.broadcast_to(tangent, point[position].shape)
            return jax.jvp(at, point, tuple(full))[1]

        return jax.vmap(one, out_axes=-1)(tangents)

    season = jnp.broadcast_to(cells.season[:, None, :], (*lifting.shape[:2], cells.season.shape[-1]))
    lifted = lifting * {name: sd for name, _, sd in shape.shared()}["lift"]
    dense = [along(0, price_numbers)]
    factors = [season, lifting]
    if head.separable:
        by_shift = None
        dense += [lifted]
        factors = [along(1, jnp.ones((1, 1))), *factors, along(2, jnp.eye(shape.cross)[:, None, :])]
        factors = jnp.concatenate(factors, -1) * scale
    else:
        by_shift = along(3, jnp.eye(products)[:, None, :])
        dense += [jnp.einsum("tjk,tkq->tjq", by_shift, lifted), along(1, jnp.eye(products)) * scale[0]]
        factors = jnp.concatenate(factors, -1) * scale[1:]
    slopes = Slopes(jnp.concatenate(dense, -1), by_shift, factors)
    return at(*point) + cells.traffic[store], slopes
