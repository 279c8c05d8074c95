"""The attraction head: products of a choice set share its shoppers, who may also buy nothing.

V_i = base_i - own_i f(z_i),   μ_i = N_c e^{V_i} / (o_c + Σ_{j in c} e^{V_j})

Levels are centred so that at the reference prices Σ e^{V_j} = 1 and μ_i is the mean level: N_c = Q_c (1 + o_c), where
Q_c is the set's mean sales and o_c = s0 / (1 - s0) stands for the share s0 that buys nothing. The market size need
not be known; s0 is a hierarchical term with a prior. The body moves utilities and the set's size.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.heads.base import OWN_MEAN, OWN_SD, Bend, Hierarchy, Prices, Surroundings, baseline_layer, curve
from ensemble.types import Sizes

OUTSIDE_SD = 1.2  # of the log odds of buying nothing


class AttractionResponse(NamedTuple):
    """base [..., S] utility at the reference prices with the level in it (set totals are taken when prices are
    known), size [..., S] log of the set's size relative to its mean, own [S] > 0, outside [S] log odds of buying
    nothing, level [S], bend []."""

    base: jax.Array
    size: jax.Array
    own: jax.Array
    outside: jax.Array
    level: jax.Array
    bend: jax.Array
    over_time = ("base", "size")
    by_series = ("base", "size", "own", "outside", "level")


class AttractionHead(nnx.Module):
    """Context -> AttractionResponse."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.baseline = baseline_layer(sizes, 2, rngs)
        self.own = Hierarchy(sizes)
        self.outside = Hierarchy(sizes)
        self.bend = Bend()
        self.surroundings = Surroundings(sizes)

    def __call__(self, context: jax.Array, inputs: Inputs) -> AttractionResponse:
        """Args: context [T, S, H]. Returns a response with base and size [T, S]."""
        utility, size = jnp.moveaxis(self.baseline(context), -1, 0)
        return AttractionResponse(
            base=inputs.level + utility + self.surroundings(inputs),
            size=size,
            own=jnp.exp(OWN_MEAN + self.own(inputs)),
            outside=self.outside(inputs),
            level=inputs.level,
            bend=self.bend(),
        )

    def penalty(self) -> jax.Array:
        """Negative log prior of all hierarchical terms, up to a constant."""
        return (
            self.own.penalty(OWN_SD)
            + self.outside.penalty(OUTSIDE_SD)
            + self.bend.penalty()
            + self.surroundings.penalty()
        )


def log_units(response: AttractionResponse, prices: Prices) -> jax.Array:
    """Log expected units [..., S]. Size and outside option are the set's weighted means of its series' terms."""
    quantity = prices.set_sum(jnp.exp(response.level))
    share_weight = jnp.exp(response.level) / quantity
    odds = jnp.exp(prices.set_sum(share_weight * response.outside))
    size = prices.set_sum(share_weight * response.size)
    utility = response.base - jnp.log(quantity) - response.own * curve(prices.log_price, response.bend)
    inclusive = odds + prices.set_sum(jnp.exp(utility))
    return jnp.log(quantity) + size + jnp.log1p(odds) + utility - jnp.log(inclusive)
