"""Draws of a fitted head's posterior, each matched to the observed level of every product. Not for fitting.

The posterior is far from normal where prices say little (how much of the sales goes to rivals and how much to nobody):
normal draws around the mode then lie where the data hardly let them, on the side of too much response. So many are
drawn and few kept, by sampling-importance-resampling (Rubin 1988).
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from ensemble.anchor import arrow
from ensemble.anchor.evidence import evidence, spread
from ensemble.anchor.fitting import Data, Fit, moved
from ensemble.anchor.heads import HEADS, INTERCEPT_SD, Shape, Theta, drivers_by_kind, shared_values, split_rows
from ensemble.anchor.layout import SEASON_TERMS
from ensemble.anchor.linearise import linearise, log_means, loss
from ensemble.anchor.separable import homogeneous

MATCHINGS = 4
CANDIDATES = 400  # normal draws that the kept ones are chosen from
LEAST_LOG_WEIGHT = -1e3  # below the greatest


def draw(
    shape: Shape,
    data: Data,
    weight: np.ndarray,
    fitted: Fit,
    count: int,
    rng: np.random.Generator,
    together: int,
) -> dict:
    """`count` draws of the posterior around the mode, as evaluate takes them, leading axis N and no blocks.

    Each draw's products are then shifted in V until their units over the weighted history are those observed.

    Args:
        together: periods of a block, see evidence.spread; used where shocks in common are looked for.
    """
    arguments = (fitted.scale, data.cells, fitted.noise, weight)
    blocks = linearise(shape, data.block, fitted.theta, *arguments, data.shocks)
    reduced = arrow.reduce(blocks)
    changes = arrow.sample(reduced, CANDIDATES, rng)
    thetas = moved(shape, fitted.theta, *changes)
    values = np.asarray(_losses(shape, data.block, thetas, *arguments), np.float64)
    kept = resample(arrow.square(reduced, *changes) / 2 - values, count, rng)
    changes = changes[0][kept], changes[1][kept]
    if data.shocks:
        told = evidence(blocks, fitted.noise.shock)
        changes = spread(reduced, told, shape.shared_count, together, *changes)
    thetas = moved(shape, fitted.theta, *changes)
    thetas = _matched(shape, data.block, thetas, fitted.scale, data.cells, weight)
    return jax.tree.map(np.asarray, _structures(shape, data.block, thetas, fitted.scale))


def resample(log_weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """[count] which of the candidates stay, by systematic resampling with these importance weights [N].

    Weights that rest on fewer than `count` candidates are tempered until they do not: w^α, 0 < α < 1.
    """
    below = np.nan_to_num(log_weights - np.nanmax(log_weights), nan=LEAST_LOG_WEIGHT)

    def tempered(power: float) -> np.ndarray:
        return softmax(power * np.maximum(below, LEAST_LOG_WEIGHT))

    def excess(power: float) -> float:
        return 1 / (tempered(power) ** 2).sum() - count

    power = 1.0 if excess(1.0) >= 0 else brentq(excess, 0.0, 1.0)
    steps = (np.arange(count) + rng.random()) / count
    chosen = np.searchsorted(np.cumsum(tempered(power)), steps).clip(max=len(log_weights) - 1)
    return rng.permutation(chosen)


@partial(jax.jit, static_argnums=0)
def _losses(shape: Shape, block, thetas: Theta, scale, cells, noise, weight) -> jax.Array:
    """[N] penalised losses."""
    return jax.lax.map(lambda theta: loss(shape, block, theta, scale, cells, noise, weight), thetas)


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
    head = HEADS[shape.head]

    def one(theta):
        shared = shared_values(shape, theta.shared)
        dev, moves, cross = split_rows(shape, theta.rows * scale)
        promotion, competitor, treatment, _ = jnp.split(  # controls are 0 at prices that we set
            moves[:, SEASON_TERMS:] + shared["lift"], np.cumsum(drivers_by_kind(shape))[:3], axis=1
        )
        structure = head.structure(shared, dev, cross, block)
        if shape.competitors and head.separable:
            structure = homogeneous(structure, competitor)
        return structure | {
            "season": moves[:, :SEASON_TERMS],
            "promotion": promotion,
            "competitor": competitor,
            "treatment": treatment,
            "remembered": shared["remembered"],
            **({"extra": shared["extra"]} if "extra" in shared else {}),
            "intercept": INTERCEPT_SD * theta.intercept,
        }

    return jax.vmap(one)(thetas)
