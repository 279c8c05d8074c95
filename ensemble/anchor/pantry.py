"""What a group's shoppers have at home, and what it takes from demand: V = −δ (stock − 1).

What is bought fills the stock and a part of it is consumed: s ← KEPT s + (1 − KEPT) b, with b the group's units over
its usual ones, so that usual purchases keep s at 1 (Hendel & Nevo 2006). Purchases are those that a head expects of
prices, promotions and the stock itself, not those that came: shocks of demand last, and would be taken for full
pantries. Not for prices that are remembered. Axes: B blocks, M stores, T periods, J products, G groups.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ensemble.anchor.cells import sums, there
from ensemble.anchor.layout import ABSENT, Sets
from ensemble.anchor.treatments import FEW_RIVALS, PANTRY, next_stock, stocked

MOST_STRENGTH = 5.0
LEAST_SLOPE, LEAST_MOVE = 0.05, 1e-4
MOST_LOG_GAIN = 14.0
NEWTON = 6  # steps to the settled stock, from where it would be if sales moved little
TINY = 1e-9


def strength(draw: dict, sets: Sets) -> jax.Array:
    """[B, M, J] δ of the cells, none where more products meet than say anything of each."""
    few = sums(there(sets), sets.same) - 1 <= FEW_RIVALS
    return jnp.where(few, jnp.clip(draw["treatment"][:, None, :, PANTRY], 0, MOST_STRENGTH), 0.0) * there(sets)


def log_gain(sets: Sets, log_units: jax.Array) -> jax.Array:
    """[..., B, M, J] log of what a cell's group buys, over what it usually does; log_units likewise."""
    now, usual = (sums(jnp.exp(each) * there(sets), sets.same) for each in (log_units, jnp.asarray(sets.log_level)))
    return jnp.clip(jnp.log(jnp.maximum(now, TINY) / jnp.maximum(usual, TINY)), -MOST_LOG_GAIN, MOST_LOG_GAIN)


def settled(delta: jax.Array, gain: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """[..., B, M, J] V once the stock holds what is bought: V = −δ (e^gain(V) − 1), gain the log of log_gain at V.

    Where units do not move as much as utility, a secant says how much: two calls of `gain`.
    """
    start = gain(jnp.zeros_like(delta))
    tried = _solved(delta, start, jnp.ones_like(start))
    far = jnp.abs(tried) > LEAST_MOVE
    slope = jnp.where(far, (gain(tried) - start) / jnp.where(far, tried, 1.0), 1.0)
    return _solved(delta, start, jnp.clip(slope, LEAST_SLOPE, 1.0))


def _solved(delta: jax.Array, gain: jax.Array, slope: jax.Array) -> jax.Array:
    """V = −δ (e^(gain + slope V) − 1), by Newton's steps.

    The last one is outside of the loop: through it alone the derivatives of the solution are exact, and in a loop
    nothing is fused into the steps, which made them five times as slow.
    """

    def better(shift: jax.Array, delta: jax.Array, gain: jax.Array, slope: jax.Array) -> jax.Array:
        bought = delta * jnp.exp(jnp.minimum(gain + slope * shift, MOST_LOG_GAIN))
        return shift - (shift + bought - delta) / (1 + slope * bought)

    fixed = jax.lax.stop_gradient((delta, gain, slope))
    start = -fixed[0] / (1 + fixed[0] * fixed[2]) * fixed[1]
    return better(jax.lax.fori_loop(1, NEWTON, lambda _, shift: better(shift, *fixed), start), delta, gain, slope)


def passing(
    delta: jax.Array, stock: jax.Array, sets: Sets, log_units: Callable[[jax.Array, tuple], jax.Array], periods: tuple
) -> jax.Array:
    """[..., H, B, M, J] log units of periods one after another, from the stock [B, M, J] before the first.

    Args:
        log_units: (V, what is asked of a period) -> [..., B, M, J].
        periods: arrays [..., H, B, M, J], all of one shape, of which log_units takes one period each.
    """
    ahead = tuple(jnp.moveaxis(values, -4, 0) for values in periods)

    def step(stock, asked):
        found = log_units(-delta * (stock - 1), asked)
        return next_stock(stock, jnp.exp(log_gain(sets, found))), found

    return jnp.moveaxis(jax.lax.scan(step, jnp.broadcast_to(stock, ahead[0].shape[1:]), ahead)[1], 0, -4)


def stocks(units: np.ndarray, log_level: np.ndarray, group: np.ndarray) -> np.ndarray:
    """[M, T + 1, J] stock of each product's group before every period and after the last, from expected units
    [M, T, J]; 1 where more products meet than say anything of each. log_level [M, J], group [J, G]."""
    group, usual = np.asarray(group, np.float64), np.exp(np.asarray(log_level, np.float64))
    bought = (units @ group) / np.maximum(usual @ group, TINY)[:, None]
    few = ((usual > 2 * ABSENT) @ group)[:, None] - 1 <= FEW_RIVALS
    return 1 + (np.where(few, stocked(bought), 1) - 1) @ group.T
