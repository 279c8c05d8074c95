"""The free head: price is an ordinary input. It may bend any way; nothing keeps its response sane.

Kept as the plain network that others are compared with: it forecasts well and prices badly (see the decision table).
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.heads.base import Prices
from ensemble.types import Sizes


class FreeResponse(NamedTuple):
    """hidden [..., H, S] what the context adds to the hidden layer, level [S], price [2, H] weights of own log price
    and of the rivals' index, out [H, O] and bias [O] of the last layer (one output, or one per demand class)."""

    hidden: jax.Array
    level: jax.Array
    price: jax.Array
    out: jax.Array
    bias: jax.Array
    over_time = ("hidden",)
    by_series = ("hidden", "level")


class FreeHead(nnx.Module):
    """Context -> FreeResponse; `outputs` of the last layer."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs, outputs: int = 1):
        self.context = nnx.Linear(sizes.width + sizes.promotions, sizes.width, rngs=rngs)
        self.price = nnx.Linear(2, sizes.width, use_bias=False, rngs=rngs)
        self.out = nnx.Linear(sizes.width, outputs, rngs=rngs, kernel_init=nnx.initializers.normal(0.01))

    def __call__(self, context: jax.Array, inputs: Inputs) -> FreeResponse:
        """Args: context [T, S, H]. Returns a response with hidden [T, H, S]."""
        known = jnp.concatenate([context, jnp.swapaxes(inputs.promotions, 0, 1)], -1)
        return FreeResponse(
            hidden=jnp.swapaxes(self.context(known), -1, -2),
            level=inputs.level,
            price=self.price.kernel[...],
            out=self.out.kernel[...],
            bias=self.out.bias[...],
        )

    def penalty(self) -> jax.Array:
        """No priors: weight decay alone."""
        return jnp.zeros(())


def outputs(response: FreeResponse, prices: Prices) -> jax.Array:
    """The last layer [..., S, O]."""
    own = prices.log_price[..., None, :]
    rivals = prices.rivals(prices.log_price)[..., None, :]
    hidden = nnx.gelu(response.hidden + response.price[0][:, None] * own + response.price[1][:, None] * rivals)
    return jnp.einsum("...hs,ho->...so", hidden, response.out) + response.bias


def log_units(response: FreeResponse, prices: Prices) -> jax.Array:
    """Log expected units [..., S]."""
    return response.level + outputs(response, prices)[..., 0]
