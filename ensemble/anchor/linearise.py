"""A head's residuals and Gauss-Newton blocks over all stores, compiled. Not for solving (arrow) or noise estimates.

Residuals d are signed negative-binomial deviance residuals (Var = μ + φ μ²), clipped at ±5 and less an offset o: the
loss ½ Σ (d − o)' R⁻¹ (d − o) is one number to descend on, and is least where levels are means (see noise.offsets). R
correlates the products of a store and period. Where shoppers remember prices, heads are asked at the price as it is
felt, z + ρ (z − usual): a price that lasts is its own usual one. Where they stockpile, a promotion's buyers may take
more than one (`extra`): sales that no rival lost (Van Heerde, Gupta & Wittink 2003), which in an attraction's utility
would make rivals lose too little to all other prices.
Stores are scanned, so memory does not grow with them. Axes: M stores, T periods, J products, P shared and row
parameters (shared first, then product by product), K patterns of missing products.
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
from ensemble.deviance import deviance_residual

CLIP = 5.0
MOST_LOG_UNITS = 20.0


class Cells(NamedTuple):
    """One block's sales: z, units, seen, traffic [M, T, J], drivers [M, T, J, Q], log_level [M, J], season [T, 4], and
    surprise [M, T, J], z less the usual one times what `remembered` is a multiple of."""

    z: jax.Array
    units: jax.Array
    seen: jax.Array
    drivers: jax.Array
    traffic: jax.Array
    log_level: jax.Array
    season: jax.Array
    surprise: jax.Array


class Noise(NamedTuple):
    """dispersion φ [J], offset o [J], average [J] of d where the level is right, inverse [K, J, J] of the correlation
    of seen products (0 elsewhere), log_det [K], pattern [M, T] int32, shock [T, J] log demand shocks that all stores
    share."""

    dispersion: jax.Array
    offset: jax.Array
    average: jax.Array
    inverse: jax.Array
    log_det: jax.Array
    pattern: jax.Array
    shock: jax.Array


class Arrow(NamedTuple):
    """Gauss-Newton blocks without priors: head [P, P], joint [M, J, P], store [M, J, J]; gradients gradient [P],
    store_gradient [M, J]."""

    head: jax.Array
    joint: jax.Array
    store: jax.Array
    gradient: jax.Array
    store_gradient: jax.Array


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


class Told(NamedTuple):
    """What one store's sales say: value [] of its loss, pull [T, J] = −∂ value / ∂ log mean, and heavy [T, J, J], the
    Gauss-Newton second derivatives by log means of a period."""

    value: jax.Array
    pull: jax.Array
    heavy: jax.Array


def told(cells: Cells, noise: Noise, weight: jax.Array, at: jax.Array, store) -> Told:
    """See Told; at: log means [T, J] without shocks."""
    mean, units = jnp.exp(at + noise.shock), cells.units[store]
    d = deviance_residual(units, mean, noise.dispersion)
    information = mean / (1 + noise.dispersion * mean)
    slope = (units - mean) / ((1 + noise.dispersion * mean) * d)  # −∂d/∂η
    slope = jnp.where(jnp.abs(d) < 1e-2, jnp.sqrt(information), slope)
    kept = cells.seen[store] * (jnp.abs(d) < CLIP)
    centred = (jnp.clip(d, -CLIP, CLIP) - noise.offset) * cells.seen[store]
    root = jnp.sqrt(information) * cells.seen[store]
    inverse = noise.inverse[noise.pattern[store]] * weight[:, None, None]
    against = jnp.einsum("tjk,tk->tj", inverse, centred)
    heavy = root[..., None] * inverse * root[:, None, :]
    return Told(0.5 * jnp.sum(centred * against), kept * slope * against, heavy)


@partial(jax.jit, static_argnums=0)
def linearise(shape: Shape, block: Block, theta: Theta, scale, cells: Cells, noise: Noise, weight) -> Arrow:
    """Gauss-Newton blocks of ½ Σ weight d' R⁻¹ d in standardised parameters.

    The derivatives by a product's row are mostly those by its V times the row's factors; multiplied out they would be
    hundreds of columns, nearly all of them zero where products are separable. See Slopes.
    """
    periods, products = cells.z.shape[1:]

    def one(total, store):
        at_point, slopes = slopes_of(shape, block, theta, scale, cells, store)
        _, pull, heavy = told(cells, noise, weight, at_point, store)
        weighted = jnp.einsum("tjk,tkd->tjd", heavy, slopes.dense)
        by_shift, at_shift, pulled = weighted, heavy, pull
        if slopes.shift is not None:
            by_shift = jnp.einsum("tjk,tjd->tkd", slopes.shift, weighted)
            at_shift = jnp.einsum("tja,tjb->tab", slopes.shift, jnp.einsum("tjk,tkb->tjb", heavy, slopes.shift))
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
        by_row = jnp.einsum("tk,tkn->kn", pulled, slopes.factors).reshape(-1)
        gradient = -jnp.concatenate([jnp.einsum("tj,tjd->d", pull, slopes.dense), by_row])
        joint = INTERCEPT_SD * jnp.concatenate([of_dense, of_rows], 1)
        total = (total[0] + jnp.block([[head, mixed.T], [mixed, rows]]), total[1] + gradient)
        return total, (joint, INTERCEPT_SD**2 * at_shift.sum(0), -INTERCEPT_SD * pulled.sum(0))

    order = parameter_order(shape)
    start = jnp.zeros((len(order), len(order))), jnp.zeros(len(order))
    (head, gradient), (joint, own, store_gradient) = jax.lax.scan(one, start, jnp.arange(len(cells.z)))
    return Arrow(head[order][:, order], joint[..., order], own, gradient[order], store_gradient)


class Slopes(NamedTuple):
    """Derivatives of one store's log means: dense [T, J, d], by shared parameters and, where products are not
    separable, rows' first column; shift [T, J, K], by V (None: the identity); factors [T, K, n], by which V moves with
    each other parameter of K's row."""

    dense: jax.Array
    shift: jax.Array | None
    factors: jax.Array


def parameter_order(shape: Shape) -> np.ndarray:
    """Where each of the P parameters is among dense and factors' ones."""
    if HEADS[shape.head].separable:
        return np.arange(shape.shared_count + shape.products * shape.columns)
    first = shape.shared_count + np.arange(shape.products)[:, None]
    others = shape.products * shape.columns - shape.products
    rest = shape.shared_count + shape.products + np.arange(others).reshape(shape.products, -1)
    return np.concatenate([np.arange(shape.shared_count), np.concatenate([first, rest], 1).ravel()])


def slopes_of(shape: Shape, block: Block, theta: Theta, scale, cells: Cells, store) -> tuple[jax.Array, Slopes]:
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
