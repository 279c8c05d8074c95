"""Losses per row, as functions of log expected units. Not for aggregation over rows or members.

All return [...] like their arguments and are 0 where μ = units (cross-entropy: where the class is certain). Of rows
that sold out, demand is only known to be at least the units: see at_least.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from ensemble.deviance import deviance_residual

DISPERSION = 0.1  # φ that weights rows in training: a typical sd of .32 in log units beyond Poisson
TWEEDIE_POWER = 1.5
POISSON = 1e-6  # φ that stands for none
LEAST_CENSORED = 1e-3  # scaled units that sold out
SURE = 6.0  # log of the mean over the units from which such demand is certain
MOST_RAISED = 7.0  # log units by which what sells if anything does lies above the mean
LEAST_UNITS = 1.0  # denominators of percentages


def negative_binomial(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """Half the deviance of Var = μ + φ μ² at a fixed φ: rows count by their relative, not their absolute error.

    y log(y/μ) - (y + 1/φ) log((1 + φ y)/(1 + φ μ))   (McCullagh & Nelder 1989, ch. 11)
    """
    observed = jnp.log1p(DISPERSION * units)
    expected = jax.nn.softplus(log_mean + jnp.log(DISPERSION))
    return _log_ratio(log_mean, units) - (units + 1 / DISPERSION) * (observed - expected)


def poisson(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """Half the Poisson deviance: y log(y/μ) - (y - μ)."""
    return _log_ratio(log_mean, units) - units + jnp.exp(log_mean)


def tweedie(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """Half the deviance of Var = μ^p, 1 < p < 2: zeros and positive amounts in one law (Jørgensen 1997).

    y^(2-p) / ((1-p)(2-p)) - y μ^(1-p) / (1-p) + μ^(2-p) / (2-p)
    """
    p = TWEEDIE_POWER
    saturated = jnp.maximum(units, 0.0) ** (2 - p) / ((1 - p) * (2 - p))
    return saturated - units * jnp.exp((1 - p) * log_mean) / (1 - p) + jnp.exp((2 - p) * log_mean) / (2 - p)


def squared(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """(μ - y)²."""
    return (jnp.exp(log_mean) - units) ** 2


def absolute(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """|μ - y|; its forecast is a median."""
    return jnp.abs(jnp.exp(log_mean) - units)


def absolute_percentage(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """|μ - y| / max(y, 1) of scaled units; its forecast lies below the mean."""
    return jnp.abs(jnp.exp(log_mean) - units) / jnp.maximum(units, LEAST_UNITS)


def hurdle(log_mean: jax.Array, units: jax.Array, zero: jax.Array) -> jax.Array:
    """Two parts (Mullahy 1986): −log of the chance of nothing, of which `zero` are the logits, or of something and the
    negative binomial loss of how much, whose mean is μ over the chance of something. Not 0 where μ = units."""
    return jnp.where(units > 0, _some(log_mean, units, zero, negative_binomial), -jax.nn.log_sigmoid(zero))


def hurdle_at_least(log_mean: jax.Array, units: jax.Array, zero: jax.Array) -> jax.Array:
    """hurdle where demand was at least `units`."""
    above = partial(at_least, "negative_binomial")
    return jnp.where(units > 0, _some(log_mean, units, zero, above), 0.0)


def cross_entropy(logits: jax.Array, target: jax.Array) -> jax.Array:
    """-log of the chance given to the class; logits [..., C], target [...] int32."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), target[..., None], -1)[..., 0]


def at_least(loss: str, log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """The named loss where demand was at least `units`: −log P(Y >= units) of counts, else the loss of a mean below.

    P(Y >= k) = Φ(d) with d the deviance residual of μ against k, less ½ for continuity, plus (1 + 2φk)/6 for the
    skewness of counts (Peizer & Pratt 1968): right to a few hundredths, and no probability underflows.
    """
    phi = COUNTS.get(loss)
    if phi is None:
        return jnp.where(jnp.exp(log_mean) < units, LOSSES[loss](log_mean, units), 0.0)
    units = jnp.maximum(units, LEAST_CENSORED)
    edge = units * (1 + phi / 3) - jnp.minimum(units, 1.0) / 3
    bounded = jnp.minimum(log_mean, jnp.log(edge) + SURE)  # slopes stay numbers, also of rows that are not censored
    return -jax.scipy.special.log_ndtr(-deviance_residual(edge, jnp.exp(bounded), phi))


def class_at_least(logits: jax.Array, target: jax.Array) -> jax.Array:
    """-log of the chance given to the class or one above; arguments as cross_entropy's."""
    above = jnp.arange(logits.shape[-1]) >= target[..., None]
    return jax.nn.logsumexp(logits, -1) - jax.nn.logsumexp(jnp.where(above, logits, -jnp.inf), -1)


def _some(log_mean: jax.Array, units: jax.Array, zero: jax.Array, loss: Callable) -> jax.Array:
    """That something sells, and by this loss how much."""
    log_chance = jnp.maximum(jax.nn.log_sigmoid(-zero), -MOST_RAISED)
    return loss(log_mean - log_chance, units) - jax.nn.log_sigmoid(-zero)


def _log_ratio(log_mean: jax.Array, units: jax.Array) -> jax.Array:
    """y log(y/μ), 0 where y = 0."""
    return jnp.where(units > 0, units * (jnp.log(jnp.maximum(units, 1e-6)) - log_mean), 0.0)


LOSSES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "negative_binomial": negative_binomial,
    "poisson": poisson,
    "tweedie": tweedie,
    "squared": squared,
    "absolute": absolute,
    "absolute_percentage": absolute_percentage,
}
HURDLE = "hurdle"  # the loss that also learns a chance of zeros: hurdle
LOSS_NAMES = (*LOSSES, HURDLE)
COUNTS = {"negative_binomial": DISPERSION, "poisson": POISSON}
PERCENTAGE_LOSSES = ("absolute_percentage",)
