"""The anchor's answers as pure functions of one draw: log units, elasticities. Not for fitting.

A draw is a dictionary of arrays with the leading axis B; the functions can be vmapped over draws, jitted (with the
head's name static) and differentiated in prices. Axes: P candidates or any leading axes `...`, S series, B blocks,
M stores, J products, Q promotions.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from ensemble.anchor.heads import HEADS, Block
from ensemble.anchor.layout import SEASON_TERMS, Sets


class Context(NamedTuple):
    """A period: season [..., 4] (data_io.features.season) and promotions [..., S, Q] in the panel's units."""

    season: jax.Array
    promotions: jax.Array


def log_units(name: str, draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[..., S] log expected units of the named head's draw at log prices [..., S], which broadcast with the context."""
    shift = _shift(draw, sets, context)
    z = _in_cells(sets, log_prices - sets.reference)
    return _by_series(sets, _each_block(HEADS[name].log_units, draw, sets, z, shift))


def own_elasticities(name: str, draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[S] d log units / d log price of each series at log prices [S]; one forward pass per product of a block."""
    products = sets.cells.shape[-1]
    column = sets.place % products

    def slope(number):
        tangent = (column == number).astype(log_prices.dtype)
        found = jax.jvp(lambda point: log_units(name, draw, sets, point, context), (log_prices,), (tangent,))[1]
        return tangent * found

    return jax.lax.map(slope, jnp.arange(products)).sum(0)


def _shift(draw: dict, sets: Sets, context: Context) -> jax.Array:
    """[..., B, M, J] V of a context: season, promotions, intercepts."""
    promotions = jnp.moveaxis(context.promotions / sets.promotion_scale, -2, -1)
    lifts = _in_cells(sets, promotions)  # [..., Q, B, M, J]
    moves = draw["moves"][..., : SEASON_TERMS + len(sets.promotion_scale)]  # the control is 0 at prices we set
    season = jnp.einsum("...f,bjf->...bj", context.season, moves[..., :SEASON_TERMS])
    promoted = jnp.einsum("...qbmj,bjq->...bmj", lifts, moves[..., SEASON_TERMS:])
    return season[..., None, :] + promoted + draw["intercept"]


def _each_block(equation, draw: dict, sets: Sets, z: jax.Array, other: jax.Array) -> jax.Array:
    """[..., B, M, J] one equation over all blocks."""
    structure = {key: value for key, value in draw.items() if key not in ("moves", "intercept")}
    blocks = Block(*(jnp.asarray(getattr(sets, field)) for field in Block._fields))
    over = jax.vmap(equation, in_axes=(0, 0, 0, -3, -3), out_axes=-3)
    shape = jnp.broadcast_shapes(z.shape, other.shape)
    return over(
        structure, blocks, jnp.asarray(sets.log_level), jnp.broadcast_to(z, shape), jnp.broadcast_to(other, shape)
    )


def _in_cells(sets: Sets, values: jax.Array, blank: float | jax.Array = 0.0) -> jax.Array:
    """[..., S] -> [..., B, M, J]; cells without a series get the blank."""
    there = sets.cells < len(sets.place)
    return jnp.where(there, values[..., jnp.minimum(sets.cells, len(sets.place) - 1)], blank)


def _by_series(sets: Sets, cells: jax.Array) -> jax.Array:
    """[..., B, M, J] -> [..., S]."""
    return cells.reshape(*cells.shape[:-3], -1)[..., sets.place]
