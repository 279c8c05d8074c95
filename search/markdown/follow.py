"""What is to be expected when the next price is taken and every later one is chosen as sales come in, by simulation.

Axes: N series, C cells, T periods, K prices, D draws.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from search.markdown.values import CELLS, NO_EXPOSURE, STOCKS, Outlook, by_series, looked_up, place_on, tables

DRAWS = 256


class Course(NamedTuple):
    """Draws of the season's rest, leaves [N, D, T] (money [N, D]): prices (of the first price), units, stock left after
    the period, and the money of all sales and of what is left over."""

    prices: np.ndarray
    units: np.ndarray
    left: np.ndarray
    money: np.ndarray


def follow(outlook: Outlook, weights: np.ndarray, first: np.ndarray, *, seed: int, draws: int = DRAWS) -> Course:
    """The course from the price number `first` [N] on.

    Of every draw a cell (weights [N, C]) and a popularity hold to the end. Later prices are those of that cell's own
    plan at what the sales have taught by then: it knows decay and elasticity, not popularity.
    """
    keys = jax.random.split(jax.random.key(seed), len(first))
    found = _courses(outlook, jnp.asarray(weights, jnp.float32), jnp.asarray(first, jnp.int32), keys, draws)
    return Course(*(np.asarray(part, np.float64) for part in found))


@partial(jax.jit, static_argnames="draws")
def _courses(outlook: Outlook, weights: jax.Array, first: jax.Array, keys: jax.Array, draws: int):
    def series(part):
        one, weight, start, key = part
        planned = jax.vmap(tables, (CELLS,))(one)
        choice, level, noise, count = jax.random.split(key, 4)
        cell = jax.random.choice(choice, len(weight), (draws,), p=weight)
        popularity = jax.random.gamma(level, one.shape[cell]) * one.mean[cell] / one.shape[cell]
        periods = one.pace.shape[-1]
        swing = jax.random.gamma(noise, 1 / one.dispersion, (draws, periods)) * one.dispersion
        counts = jax.random.split(count, (draws, periods))

        def draw(cell, popularity, swing, counts):
            effect = one.prices ** -one.elasticity[cell]

            def period(carry, now):
                left, price, exposure = carry
                values, grid, pace, swung, key, number = now
                stock = left / jnp.maximum(one.stock, 1e-9) * (STOCKS - 1)
                side = place_on(jnp.log(NO_EXPOSURE + exposure), grid)
                known = looked_up(values, stock, side, jnp.arange(len(effect)))
                best = jnp.argmax(jnp.where(jnp.arange(len(effect)) >= price, known, -jnp.inf))
                price = jnp.where(number == 0, start, best)
                gained = pace * effect[price]
                units = jnp.minimum(jax.random.poisson(key, popularity * gained * swung), left)
                after = left - units
                return (after, price, exposure + gained), (one.prices[price], units, after, units * one.worth[price])

            every = planned.values[cell], planned.exposures[cell][:-1], one.pace[cell]
            begin = one.stock, start, jnp.float32(0)
            (left, _, _), rows = jax.lax.scan(period, begin, (*every, swing, counts, jnp.arange(periods)))
            return *rows[:3], rows[3].sum() + left * one.left_over

        return jax.vmap(draw)(cell, popularity, swing, counts)

    return jax.lax.map(series, (by_series(outlook), weights, first, keys))
