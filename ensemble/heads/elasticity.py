"""The elasticity head: log units fall monotonically in the own price and never fall in rivals' prices.

log μ_i = base_i + season_i + Σ_q lift_iq promo_q - own_i f(z_i) + cross_i (I_c - w_i f(z_i))
I_c = Σ_{j in c} w_j f(z_j)

z = log(price / reference price), f(z) = (e^{λz} - 1)/λ (Box & Cox 1964; λ = 0 is constant elasticity), w = shares
of the choice set's revenue, so that I_c is its price level (a Stone index). own and cross are exponentials of
hierarchical terms (all, category, product) with normal priors; the body supplies only the baseline.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.types import Sizes

OWN_MEAN, OWN_SD = 0.85, 0.5  # of the log own elasticity: about 2.3, from 0.9 to 6.4 within two sd
CATEGORY_SD, PRODUCT_SD = 0.3, 0.3
CROSS_MEAN, CROSS_SD = -1.2, 0.7  # of the log cross effect of the whole choice set: about 0.3
BEND_MEAN, BEND_SD = 0.5, 0.5
SEASON_SD = 0.2  # of each yearly Fourier term of a product
LIFT_MEAN, LIFT_SD, LIFT_PRODUCT_SD = 0.1, 0.3, 0.15


class Response(NamedTuple):
    """Everything a candidate price needs; series are the last axis, so that it serves [T, S] and [P, S] alike.

    base [..., S] log units at the reference prices, own [S] > 0, cross [S] >= 0, bend [] >= 0.
    """

    base: jax.Array
    own: jax.Array
    cross: jax.Array
    bend: jax.Array


class ElasticityHead(nnx.Module):
    """Context -> Response. Its hierarchical terms are `prior` parameters: normal, no weight decay."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.baseline = nnx.Linear(sizes.width, 1, rngs=rngs, kernel_init=nnx.initializers.normal(0.01))
        self.own = Hierarchy(sizes)
        self.cross = Hierarchy(sizes)
        self.bend = nnx.Param(jnp.zeros(()))
        self.season = nnx.Param(jnp.zeros((sizes.products + 1, 4)))
        self.lift = nnx.Param(jnp.zeros(sizes.promotions))
        self.lift_product = nnx.Param(jnp.zeros((sizes.products + 1, sizes.promotions)))

    def __call__(self, context: jax.Array, inputs: Inputs) -> Response:
        """Args: context [T, S, H]. Returns a Response with base [T, S]."""
        lift = LIFT_MEAN + self.lift[...] + self.lift_product[...][inputs.product]
        promoted = jnp.einsum("stq,sq->ts", inputs.promotions, lift)
        seasonal = inputs.season @ self.season[...][inputs.product].T
        return Response(
            base=inputs.level + self.baseline(context)[..., 0] + seasonal + promoted,
            own=jnp.exp(OWN_MEAN + self.own(inputs)),
            cross=jnp.exp(CROSS_MEAN + self.cross(inputs)),
            bend=nnx.softplus(4 * (BEND_MEAN + self.bend[...])) / 4,
        )

    def penalty(self) -> jax.Array:
        """Negative log prior of all hierarchical terms, up to a constant."""
        return (
            self.own.penalty(OWN_SD)
            + self.cross.penalty(CROSS_SD)
            + _normal(self.bend[...], BEND_SD)
            + _normal(self.season[...], SEASON_SD)
            + _normal(self.lift[...], LIFT_SD)
            + _normal(self.lift_product[...], LIFT_PRODUCT_SD)
        )


class Hierarchy(nnx.Module):
    """One term for all, one per category, one per product; code 0 (unknown) is never fitted."""

    def __init__(self, sizes: Sizes):
        self.all = nnx.Param(jnp.zeros(()))
        self.category = nnx.Param(jnp.zeros(sizes.groups + 1))
        self.product = nnx.Param(jnp.zeros(sizes.products + 1))

    def __call__(self, inputs: Inputs) -> jax.Array:
        return self.all[...] + self.category[...][inputs.category] + self.product[...][inputs.product]

    def penalty(self, sd: float) -> jax.Array:
        return (
            _normal(self.all[...], sd)
            + _normal(self.category[...], CATEGORY_SD)
            + _normal(self.product[...], PRODUCT_SD)
        )


def log_units(response: Response, log_price: jax.Array, weight: jax.Array, choice_set: jax.Array, sets: int):
    """Log expected units [..., S] of log prices [..., S].

    Args: weight [S] shares in the choice set; choice_set [S] int32; sets: number of choice sets.
    """
    effect = curve(log_price, response.bend)
    weighted = weight * effect
    rivals = set_sum(weighted, choice_set, sets) - weighted
    return response.base - response.own * effect + response.cross * rivals


def curve(log_price: jax.Array, bend: jax.Array) -> jax.Array:
    """f_λ(z) = (e^{λz} - 1)/λ, by its series where λ is tiny."""
    safe = jnp.maximum(bend, 1e-3)
    return jnp.expm1(safe * log_price) / safe


def set_sum(values: jax.Array, choice_set: jax.Array, sets: int) -> jax.Array:
    """[..., S] -> [..., S]: each series' choice-set total."""
    flat = values.reshape(-1, values.shape[-1]).T
    total = jax.ops.segment_sum(flat, choice_set, sets)
    return total[choice_set].T.reshape(values.shape)


def _normal(values: jax.Array, sd: float) -> jax.Array:
    return 0.5 * jnp.sum((values / sd) ** 2)
