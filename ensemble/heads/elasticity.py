"""The elasticity head: log units fall monotonically in the own price and never fall in rivals' prices.

log μ_i = base_i - own_i f(z_i) + cross_i (I_c - w_i f(z_i)),   I_c = Σ_{j in c} w_j f(z_j)

z = log(price / reference price), f = Box-Cox with one λ, w = shares of the choice set's revenue, so that I_c is its
price level (a Stone index). own and cross are exponentials of hierarchical terms with normal priors; the body
supplies only the baseline.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.heads.base import OWN_MEAN, OWN_SD, Bend, Hierarchy, Prices, Surroundings, baseline_layer, curve
from ensemble.types import Sizes

CROSS_MEAN, CROSS_SD = -1.2, 0.7  # of the log cross effect of the whole choice set: about 0.3


class ElasticityResponse(NamedTuple):
    """base [..., S] log units at the reference prices, own [S] > 0, cross [S] >= 0, bend [] >= 0."""

    base: jax.Array
    own: jax.Array
    cross: jax.Array
    bend: jax.Array
    over_time = ("base",)
    by_series = ("base", "own", "cross")


class ElasticityHead(nnx.Module):
    """Context -> ElasticityResponse."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.baseline = baseline_layer(sizes, 1, rngs)
        self.own = Hierarchy(sizes)
        self.cross = Hierarchy(sizes)
        self.bend = Bend()
        self.surroundings = Surroundings(sizes)

    def __call__(self, context: jax.Array, inputs: Inputs) -> ElasticityResponse:
        """Args: context [T, S, H]. Returns a response with base [T, S]."""
        return ElasticityResponse(
            base=inputs.level + self.baseline(context)[..., 0] + self.surroundings(inputs),
            own=jnp.exp(OWN_MEAN + self.own(inputs)),
            cross=jnp.exp(CROSS_MEAN + self.cross(inputs)),
            bend=self.bend(),
        )

    def penalty(self) -> jax.Array:
        """Negative log prior of all hierarchical terms, up to a constant."""
        return (
            self.own.penalty(OWN_SD) + self.cross.penalty(CROSS_SD) + self.bend.penalty() + self.surroundings.penalty()
        )


def log_units(response: ElasticityResponse, prices: Prices) -> jax.Array:
    """Log expected units [..., S]."""
    effect = curve(prices.log_price, response.bend)
    return response.base - response.own * effect + response.cross * prices.rivals(effect)
