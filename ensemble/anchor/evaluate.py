"""The anchor's answers as pure functions of one draw: log units, elasticities. Not for fitting.

A draw is a dictionary of arrays with the leading axis B; the functions can be vmapped over draws, jitted (with the
head's name static) and differentiated in prices. Axes: P candidates or any leading axes `...`, S series, B blocks,
M stores, J products, Q promotions.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ensemble.anchor.cells import by_series, in_cells, sums, there
from ensemble.anchor.competitor import felt
from ensemble.anchor.heads import HEADS, Block
from ensemble.anchor.layout import Sets
from ensemble.anchor.pantry import log_gain, passing, settled, strength
from ensemble.anchor.treatments import DEPTH, FEW_RIVALS, PAST

SHIFTS = (
    "season",
    "promotion",
    "competitor",
    "treatment",
    "remembered",
    "extra",
    "stock",
    "intercept",
)  # arrays of a draw that are not of its head's structure


class Context(NamedTuple):
    """A period.

    Attributes:
        season: [..., 4] see data_io.features.season.
        promotions: [..., S, Q] in the panel's units.
        regular: [..., S] log price below which a price counts as a deal's depth; −inf where there is no promotion.
        past: [..., S, 1] what is felt of past deals.
        usual: remembered price, its log relative to the reference. [S]: pantries are as these prices leave them when
            they last; [..., H, S]: one period after another, pantries first as the history left them; None: of prices
            that last, which become the usual ones.
        competitor: [..., S] log of the competitor's price over its usual one, while own log prices are held [S];
            reaction: [1] by how many per cent it follows 1 % of ours.
    """

    season: jax.Array
    promotions: jax.Array
    regular: jax.Array
    past: jax.Array
    usual: jax.Array | None
    competitor: jax.Array
    held: jax.Array
    reaction: jax.Array


def log_units(name: str, draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[..., S] log expected units of the named head's draw at log prices [..., S], which broadcast with the context."""
    draw = with_constants(name, draw, sets)
    shift = _shift(draw, sets, log_prices, context)
    z = in_cells(sets, log_prices - sets.reference)
    if context.usual is not None:
        z = z + draw["remembered"][:, None, None] * (z - in_cells(sets, context.usual))
    head = HEADS[name]
    equation = partial(_each_block, head.asked or head.log_units, draw, sets)
    more = jnp.zeros(())
    if "extra" in draw:
        promoted = in_cells(sets, (context.promotions / sets.promotion_scale).sum(-1))
        more = draw["extra"][:, None, None] * promoted
    if "stock" not in draw:
        return by_series(sets, equation(z, shift) + more)
    delta = strength(draw, sets)
    if context.usual is not None and context.usual.ndim > 1:
        shape = jnp.broadcast_shapes(z.shape, shift.shape, more.shape)
        periods = tuple(jnp.broadcast_to(values, shape) for values in (z, shift, more))
        found = passing(delta, draw["stock"], sets, lambda v, at: equation(at[0], at[1] + v) + at[2], periods)
        return by_series(sets, found)
    if context.usual is not None:
        lasts = in_cells(sets, context.usual)
        quiet = _shift(draw, sets, context.usual + sets.reference, context)
    else:
        lasts, quiet = z, shift
    v = settled(delta, lambda v: log_gain(sets, equation(lasts, quiet + v) + more))
    return by_series(sets, equation(z, shift + v) + more)


def own_elasticities(name: str, draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[S] d log units / d log price of each series at log prices [S]; one forward pass per product of a block."""
    draw = with_constants(name, draw, sets)
    products = sets.cells.shape[-1]
    column = sets.place % products

    def slope(number):
        tangent = (column == number).astype(log_prices.dtype)
        found = jax.jvp(lambda point: log_units(name, draw, sets, point, context), (log_prices,), (tangent,))[1]
        return tangent * found

    return jax.lax.map(slope, jnp.arange(products)).sum(0)


def with_constants(name: str, draw: dict, sets: Sets) -> dict:
    """The draw of the named head, with what its equation needs that no price changes: who asks often finds it once."""
    constants = HEADS[name].constants
    if constants is None:
        return draw
    return draw | jax.vmap(constants)(_structure(draw), _blocks(sets), jnp.asarray(sets.log_level))


def _shift(draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[..., B, M, J] V of a context: season, promotions, treatments, intercepts."""
    treatment = draw["treatment"]
    season = jnp.einsum("...f,bjf->...bj", context.season, draw["season"])[..., None, :]
    fixed = jnp.concatenate([context.promotions / sets.promotion_scale, context.past], -1)
    coefficients = jnp.concatenate([draw["promotion"], treatment[..., PAST]], -1)
    by_cell = in_cells(sets, jnp.moveaxis(fixed, -2, -1))  # [..., Q + 1, B, M, J]
    shift = season + jnp.einsum("...qbmj,bjq->...bmj", by_cell, coefficients) + draw["intercept"]
    deal = in_cells(sets, jnp.maximum(context.regular - log_prices, 0))
    shift = shift + treatment[:, None, :, DEPTH] * deal
    if not draw["competitor"].shape[-1]:
        return shift
    theirs = in_cells(sets, felt(context.competitor + context.reaction * (log_prices - context.held)))
    parts = (theirs, _mean_rival(sets, theirs, sets.same), _mean_rival(sets, theirs, jnp.ones_like(sets.same)))
    return shift + sum(draw["competitor"][:, None, :, number] * values for number, values in enumerate(parts))


def _mean_rival(sets: Sets, cells: jax.Array, same: jax.Array) -> jax.Array:
    """[..., B, M, J] as treatments: mean of the other products in the store of those that are the `same` [B, J, J]."""
    rival = same & ~jnp.eye(sets.same.shape[-1], dtype=bool)
    known = there(sets)
    count = sums(known, rival)
    return jnp.where(count <= FEW_RIVALS, sums(cells * known, rival) / jnp.maximum(count, 1), 0.0)


def _each_block(equation, draw: dict, sets: Sets, z: jax.Array, other: jax.Array) -> jax.Array:
    """[..., B, M, J] one equation over all blocks."""
    over = jax.vmap(equation, in_axes=(0, 0, 0, -3, -3), out_axes=-3)
    shape = jnp.broadcast_shapes(z.shape, other.shape)
    cells = (jnp.broadcast_to(z, shape), jnp.broadcast_to(other, shape))
    return over(_structure(draw), _blocks(sets), jnp.asarray(sets.log_level), *cells)


def _structure(draw: dict) -> dict:
    """The arrays of a draw that are its head's."""
    return {key: value for key, value in draw.items() if key not in SHIFTS}


def _blocks(sets: Sets) -> Block:
    return Block(*(jnp.asarray(getattr(sets, field)) for field in Block._fields))
