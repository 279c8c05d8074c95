"""What each next price is worth to the season's end, when prices may only fall and sales tell how popular a product is.

Dynamic programming over the stock left and what has been learnt. Popularity is gamma distributed; after sales of n
units at an exposure x (the mean units at a popularity of 1) it is gamma again, with shape + n and rate + x, so that the
stock left and the exposure are the whole state: a price is also worth what it teaches (Aviv & Pazgal 2005). The next
sales are negative binomial; their quantiles are those of a gamma with the same two moments (Wilson & Hilferty 1931).

Axes: N series, C cells, T periods to the end, K prices, M stocks, X exposures, Q quantiles.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm

STOCKS, EXPOSURES, QUANTILES = 33, 9, 16
NO_EXPOSURE = 1e-3  # as near to none as logs allow


class Outlook(NamedTuple):
    """What a cell of a series faces; all leaves [N, C, …] but the prices and values of a series.

    shape, mean: of popularity. pace [N, C, T]: demand over popularity at the first price, 0 after the season's end.
    elasticity. stock [N]: units left. prices [N, K]: of the first price, falling along K. worth [N, K]: money a unit
    sold at each leaves. left_over [N]: money a unit left at the end is worth. dispersion [].
    """

    shape: jax.Array
    mean: jax.Array
    pace: jax.Array
    elasticity: jax.Array
    stock: jax.Array
    prices: jax.Array
    worth: jax.Array
    left_over: jax.Array
    dispersion: jax.Array


class Tables(NamedTuple):
    """values [T, M, X, K] of each price from each state on; exposures [T + 1, X] of the states, in logs."""

    values: jax.Array
    exposures: jax.Array


CELLS = Outlook(0, 0, 0, 0, None, None, None, None, None)
"""Which leaves of one series have the axis C."""


@jax.jit
def price_values(outlook: Outlook) -> jax.Array:
    """[N, C, K] expected money to the season's end after each next price, later ones as well chosen as can be."""
    by_cell = jax.vmap(lambda one: tables(one).values[0, -1, 0], (CELLS,))
    return jax.lax.map(by_cell, by_series(outlook))  # one after the other: a series' tables fit the cache


def by_series(outlook: Outlook) -> Outlook:
    """Every leaf with the axis N."""
    return outlook._replace(dispersion=jnp.broadcast_to(outlook.dispersion, outlook.stock.shape))


def tables(one: Outlook) -> Tables:
    """Of one cell of one series, by backward induction."""
    rate = one.shape / one.mean
    effect = one.prices**-one.elasticity  # [K]
    exposures = _exposures(one, effect)  # [T + 1, X]
    stocks = one.stock * jnp.linspace(0, 1, STOCKS)
    shape = one.shape + one.stock - stocks  # [M]
    quantiles = norm.ppf((jnp.arange(QUANTILES) + 0.5) / QUANTILES)

    def step(after, period):
        pace, now, later = period
        gained = pace * effect  # [K]
        x = jnp.exp(now)
        mean = shape[:, None, None] / (rate + x)[:, None] * gained  # [M, X, K]
        spread = 1 / shape[:, None, None] * (1 + one.dispersion) + one.dispersion + 1 / jnp.maximum(mean, 1e-6)
        demand = _quantiles(mean, spread, quantiles)  # [M, X, K, Q]
        sold = jnp.minimum(demand, stocks[:, None, None, None])
        left = (stocks[:, None, None, None] - sold) / jnp.maximum(one.stock, 1e-9) * (STOCKS - 1)
        place = place_on(jnp.log(x[:, None] + gained), later)  # [X, K]
        best = jax.lax.cummax(after, axis=2, reverse=True)  # the price may fall further
        future = looked_up(best, left, place[..., None], jnp.arange(len(effect))[:, None])
        value = (one.worth[:, None] * sold + future).mean(-1)
        return value, value

    end = jnp.broadcast_to(one.left_over * stocks[:, None, None], (STOCKS, EXPOSURES, len(effect)))
    _, values = jax.lax.scan(step, end, (one.pace, exposures[:-1], exposures[1:]), reverse=True)
    return Tables(values, exposures)


def _exposures(one: Outlook, effect: jax.Array) -> jax.Array:
    """[T + 1, X] logs of the exposures that can have been gained before each period; at first (about) none."""
    summed = jnp.concatenate([jnp.zeros(1), jnp.cumsum(one.pace)])
    least, most = (jnp.log(NO_EXPOSURE + summed * end) for end in (effect.min(), effect.max()))
    return least[:, None] + (most - least)[:, None] * jnp.linspace(0, 1, EXPOSURES)


def _quantiles(mean: jax.Array, spread: jax.Array, quantiles: jax.Array) -> jax.Array:
    """[..., Q] equally likely values of a gamma of this mean and squared coefficient of variation, mean kept."""
    ninth = spread[..., None] / 9
    cube = jnp.maximum(1 - ninth + quantiles * jnp.sqrt(ninth), 0.0) ** 3
    return mean[..., None] * cube / jnp.maximum(cube.mean(-1, keepdims=True), 1e-9)


def place_on(logs: jax.Array, grid: jax.Array) -> jax.Array:
    """Where the logs lie on an even grid, in steps from its start."""
    return (logs - grid[0]) / jnp.maximum((grid[-1] - grid[0]) / (EXPOSURES - 1), 1e-9)


def looked_up(values: jax.Array, stock: jax.Array, exposure: jax.Array, price: jax.Array) -> jax.Array:
    """values [M, X, K] between grid points, at places on the first two axes and whole numbers on the third."""
    low = jnp.clip(stock.astype(jnp.int32), 0, values.shape[0] - 2)
    side = jnp.clip(exposure.astype(jnp.int32), 0, values.shape[1] - 2)
    up, along = jnp.clip(stock - low, 0, 1), jnp.clip(exposure - side, 0, 1)
    first, second = (
        (1 - up) * values[low, side + end, price] + up * values[low + 1, side + end, price] for end in (0, 1)
    )
    return (1 - along) * first + along * second


def as_outlook(**parts: np.ndarray | float) -> Outlook:
    """Arrays as float32."""
    return Outlook(**{name: jnp.asarray(part, jnp.float32) for name, part in parts.items()})
