"""Laplace draws of a fitted head, each matched to the observed level of every product. Not for fitting."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from ensemble.anchor import arrow
from ensemble.anchor.fitting import Data, Fit, moved
from ensemble.anchor.heads import HEADS, INTERCEPT_SD, Shape, Theta, shared_values, split_rows
from ensemble.anchor.layout import SEASON_TERMS
from ensemble.anchor.linearise import linearise, log_means

MATCHINGS = 4


def draw(shape: Shape, data: Data, weight: np.ndarray, fitted: Fit, count: int, rng: np.random.Generator) -> dict:
    """`count` draws of the posterior around the mode, as evaluate takes them, leading axis N and no blocks.

    Each draw's products are then shifted in V until their units over the weighted history are those observed.
    """
    used = (weight / fitted.cluster).astype(np.float32)
    blocks = linearise(shape, data.block, fitted.theta, fitted.scale, data.cells, fitted.noise, used)
    around = arrow.sample(arrow.reduce(blocks), count, rng)
    thetas = moved(shape, fitted.theta, *around)
    thetas = _matched(shape, data.block, thetas, fitted.scale, data.cells, weight.astype(np.float32))
    return jax.tree.map(np.asarray, _structures(shape, data.block, thetas, fitted.scale))


@partial(jax.jit, static_argnums=0)
def _matched(shape: Shape, block, thetas: Theta, scale, cells, weight) -> Theta:
    rows = cells.seen * weight[:, None]
    observed = jnp.sum(rows * cells.units, (0, 1))

    def one(theta):
        for _ in range(MATCHINGS):
            expected = jnp.sum(rows * jnp.exp(log_means(shape, block, theta, scale, cells)), (0, 1))
            change = jnp.where(observed > 0, jnp.log(observed / jnp.maximum(expected, 1e-9)), 0.0)
            theta = theta._replace(intercept=theta.intercept + jnp.clip(change, -1, 1) / INTERCEPT_SD)
        return theta

    return jax.lax.map(one, thetas)


@partial(jax.jit, static_argnums=0)
def _structures(shape: Shape, block, thetas: Theta, scale) -> dict:
    def one(theta):
        shared = shared_values(shape, theta.shared)
        dev, moves, cross = split_rows(shape, theta.rows * scale)
        moves = moves.at[:, SEASON_TERMS:].add(shared["lift"])
        found = HEADS[shape.head].structure(shared, dev, cross, block)
        return found | {"moves": moves, "intercept": INTERCEPT_SD * theta.intercept}

    return jax.vmap(one)(thetas)
