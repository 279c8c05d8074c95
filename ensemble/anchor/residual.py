"""What one store's sales say of its log means: residuals, their loss and its derivatives. Not for heads' equations.

Residuals d are signed negative-binomial deviance residuals (Var = μ + φ μ²), clipped at ±5 and less an offset o: the
loss ½ Σ (d − o)' R⁻¹ (d − o) is one number to descend on, and is least where levels are means (see noise.offsets). R
correlates the products of a store and period. Axes: M stores, T periods, J products, K patterns of missing products.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from ensemble.deviance import deviance_residual

CLIP = 5.0


class Cells(NamedTuple):
    """One block's sales: z, units, seen, traffic [M, T, J], drivers [M, T, J, Q], log_level [M, J], season [T, 4], and
    surprise [M, T, J], z less the usual one times what `remembered` is a multiple of."""

    z: jax.Array
    units: jax.Array
    seen: jax.Array
    drivers: jax.Array
    traffic: jax.Array
    log_level: jax.Array
    season: jax.Array
    surprise: jax.Array


class Noise(NamedTuple):
    """dispersion φ [J], offset o [J], average [J] of d where the level is right, inverse [K, J, J] of the correlation
    of seen products (0 elsewhere), log_det [K], pattern [M, T] int32, shock [T, J] log demand shocks that all stores
    share."""

    dispersion: jax.Array
    offset: jax.Array
    average: jax.Array
    inverse: jax.Array
    log_det: jax.Array
    pattern: jax.Array
    shock: jax.Array


class Told(NamedTuple):
    """What one store's sales say: value [] of its loss, pull [T, J] = −∂ value / ∂ log mean, and heavy [T, J, J], the
    Gauss-Newton second derivatives by log means of a period."""

    value: jax.Array
    pull: jax.Array
    heavy: jax.Array


def told(cells: Cells, noise: Noise, weight: jax.Array, at: jax.Array, store) -> Told:
    """See Told; at: log means [T, J] without shocks."""
    mean, units = jnp.exp(at + noise.shock), cells.units[store]
    d = deviance_residual(units, mean, noise.dispersion)
    information = mean / (1 + noise.dispersion * mean)
    slope = (units - mean) / ((1 + noise.dispersion * mean) * d)  # −∂d/∂η
    slope = jnp.where(jnp.abs(d) < 1e-2, jnp.sqrt(information), slope)
    kept = cells.seen[store] * (jnp.abs(d) < CLIP)
    centred = (jnp.clip(d, -CLIP, CLIP) - noise.offset) * cells.seen[store]
    root = jnp.sqrt(information) * cells.seen[store]
    inverse = noise.inverse[noise.pattern[store]] * weight[:, None, None]
    against = jnp.einsum("tjk,tk->tj", inverse, centred)
    heavy = root[..., None] * inverse * root[:, None, :]
    return Told(0.5 * jnp.sum(centred * against), kept * slope * against, heavy)
