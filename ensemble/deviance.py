"""Deviance residuals of negative-binomial demand, accurate in float32. Not for losses over rows."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def deviance_residual(units: jax.Array, mean: jax.Array, dispersion: jax.Array | float) -> jax.Array:
    """Signed square root of twice the deviance of Var = μ + φ μ², exact where units are near the mean."""
    spread = mean + 1 / dispersion
    gap = units - mean
    deviance = 2 * (mean * _excess(gap / mean) - spread * _excess(gap / spread))
    return jnp.sign(gap) * jnp.sqrt(jnp.maximum(deviance, 1e-8))


def _excess(x: jax.Array) -> jax.Array:
    """(1 + x) log(1 + x) − x for x >= −1, by its series near 0."""
    x = jnp.maximum(x, -1.0)  # compiled division may fall below
    series = x * x * (1 / 2 - x * (1 / 6 - x * (1 / 12 - x * (1 / 20 - x / 30))))
    return jnp.where(jnp.abs(x) < 0.1, series, jax.scipy.special.xlog1py(1 + x, x) - x)
