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

from ensemble.anchor.competitor import felt
from ensemble.anchor.heads import HEADS, Block
from ensemble.anchor.layout import Sets
from ensemble.anchor.treatments import DEPTH, FEW_RIVALS, PANTRY, PAST

SHIFTS = (
    "season",
    "promotion",
    "competitor",
    "treatment",
    "remembered",
    "extra",
    "appetite",
    "intercept",
)  # arrays of a draw that are not of its head's structure

TINY = 1e-9
LEAST_APPETITE, MOST_PART = 0.3, 0.7
MOST_GAIN = 1e6  # in a group's sales
NEWTON = 6  # steps to the settled pantry, from where it would be if sales moved little


class Context(NamedTuple):
    """A period.

    Attributes:
        season: [..., 4] see data_io.features.season.
        promotions: [..., S, Q] in the panel's units.
        regular: [..., S] log price below which a price counts as a deal's depth; −inf where there is no promotion.
        past: [..., S, 2] what is felt of past deals, own and rivals'.
        usual: [..., S] remembered price, its log relative to the reference; None for prices that last, which become the
            usual ones. older: [..., S] the same of the usual ones.
        competitor: [..., S] log of the competitor's price over its usual one, while own log prices are held [S];
            reaction: [1] by how many per cent it follows 1 % of ours.
    """

    season: jax.Array
    promotions: jax.Array
    regular: jax.Array
    past: jax.Array
    usual: jax.Array | None
    older: jax.Array | None
    competitor: jax.Array
    held: jax.Array
    reaction: jax.Array


def log_units(name: str, draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[..., S] log expected units of the named head's draw at log prices [..., S], which broadcast with the context."""
    shift = _shift(draw, sets, log_prices, context)
    z = _in_cells(sets, log_prices - sets.reference)
    if context.usual is not None:
        z = z + draw["remembered"][:, None, None] * (z - _in_cells(sets, context.usual))
    head = HEADS[name]
    equation = partial(_each_block, head.asked or head.log_units, draw, sets)
    found = equation(z, shift)
    if context.usual is None and "appetite" in draw:
        usual = equation(jnp.zeros_like(sets.log_level), _shift(draw, sets, sets.reference, context))
        found = equation(z, shift + _settled_pantry(draw, sets, jnp.exp(found), jnp.exp(usual)))
    if "extra" in draw:
        promoted = _in_cells(sets, (context.promotions / sets.promotion_scale).sum(-1))
        found = found + draw["extra"][:, None, None] * promoted
    return _by_series(sets, found)


def own_elasticities(name: str, draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[S] d log units / d log price of each series at log prices [S]; one forward pass per product of a block."""
    products = sets.cells.shape[-1]
    column = sets.place % products

    def slope(number):
        tangent = (column == number).astype(log_prices.dtype)
        found = jax.jvp(lambda point: log_units(name, draw, sets, point, context), (log_prices,), (tangent,))[1]
        return tangent * found

    return jax.lax.map(slope, jnp.arange(products)).sum(0)


def mean_rival(sets: Sets, values: jax.Array) -> jax.Array:
    """[..., S] the mean over the group's other products in the store; see treatments.mean_rival."""
    return _by_series(sets, _mean_rival(sets, _in_cells(sets, values), sets.same))


def _shift(draw: dict, sets: Sets, log_prices: jax.Array, context: Context) -> jax.Array:
    """[..., B, M, J] V of a context: season, promotions, treatments, intercepts."""
    treatment = draw["treatment"]
    season = jnp.einsum("...f,bjf->...bj", context.season, draw["season"])[..., None, :]
    fixed = jnp.concatenate([context.promotions / sets.promotion_scale, context.past], -1)
    coefficients = jnp.concatenate([draw["promotion"], treatment[..., PAST]], -1)
    by_cell = _in_cells(sets, jnp.moveaxis(fixed, -2, -1))  # [..., Q + 2, B, M, J]
    shift = season + jnp.einsum("...qbmj,bjq->...bmj", by_cell, coefficients) + draw["intercept"]
    deal = _in_cells(sets, jnp.maximum(context.regular - log_prices, 0))
    shift = shift + treatment[:, None, :, DEPTH] * deal
    if context.usual is not None:
        for number, prices in zip(range(PANTRY.start, PANTRY.stop), (context.usual, context.older), strict=True):
            shift = shift + treatment[:, None, :, number] * _pantry(sets, felt(_in_cells(sets, prices)))
    if not draw["competitor"].shape[-1]:
        return shift
    theirs = _in_cells(sets, felt(context.competitor + context.reaction * (log_prices - context.held)))
    parts = (theirs, _mean_rival(sets, theirs, sets.same), _mean_rival(sets, theirs, jnp.ones_like(sets.same)))
    return shift + sum(draw["competitor"][:, None, :, number] * values for number, values in enumerate(parts))


def _pantry(sets: Sets, values: jax.Array) -> jax.Array:
    """[..., B, M, J] the group's mean of values in cells, by the products' size, 0 where rivals are many."""
    there = _there(sets)
    size = jnp.exp(sets.log_level) * there
    rivals = _sums(there, sets.same) - 1
    mean = _sums(values * size, sets.same) / jnp.maximum(_sums(size, sets.same), TINY)
    return jnp.where(rivals <= FEW_RIVALS, mean, 0.0)


def _settled_pantry(draw: dict, sets: Sets, units: jax.Array, usual: jax.Array) -> jax.Array:
    """[..., B, M, J] V of the pantries that lasting prices leave, from units at an unmoved pantry, at these prices and
    at the usual ones: V = −δ (e^V units / usual − 1) of the group, for pantries hold what is bought. δ / (1 + δ) per
    unit of appetite is what history's usual prices did.
    """
    part = _pantry(sets, draw["treatment"][:, None, :, PANTRY].sum(-1) / jnp.maximum(draw["appetite"], LEAST_APPETITE))
    part = jnp.clip(part, 0, MOST_PART)
    strength = part / (1 - part)
    now, before = (_sums(each * _there(sets), sets.same) for each in (units, usual))
    gain = now / jnp.maximum(before, TINY)
    gain = jnp.clip(gain, TINY, MOST_GAIN)
    shift = -part * jnp.log(gain)
    for _ in range(NEWTON):
        bought = strength * gain * jnp.exp(shift)
        shift = shift - (shift + bought - strength) / (1 + bought)
    return shift


def _mean_rival(sets: Sets, cells: jax.Array, same: jax.Array) -> jax.Array:
    """[..., B, M, J] as treatments: mean of the other products in the store of those that are the `same` [B, J, J]."""
    rival = same & ~jnp.eye(sets.same.shape[-1], dtype=bool)
    there = _there(sets)
    count = _sums(there, rival)
    return jnp.where(count <= FEW_RIVALS, _sums(cells * there, rival) / jnp.maximum(count, 1), 0.0)


def _sums(values: jax.Array, members: jax.Array) -> jax.Array:
    """[..., B, M, J] sums of values in cells over the products that are `members` [B, J, J] with one, in the store."""
    return jnp.einsum("...bmk,bjk->...bmj", values, jnp.asarray(members, jnp.float32))


def _there(sets: Sets) -> jax.Array:
    """[B, M, J] 1 where a cell has a series, else 0."""
    return jnp.asarray(sets.cells < len(sets.place), jnp.float32)


def _each_block(equation, draw: dict, sets: Sets, z: jax.Array, other: jax.Array) -> jax.Array:
    """[..., B, M, J] one equation over all blocks."""
    structure = {key: value for key, value in draw.items() if key not in SHIFTS}
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
