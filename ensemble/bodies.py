"""Bodies: networks that turn what does not depend on candidate prices into a context vector per series and period.

Not for prices: own and rival prices of the period enter only through the heads. Every body reads the attributes, the
calendar, summaries of the history before the last known sale, and the lead since it; `cnn` and `gru` read the
history itself too.
Axes: T periods, S series, H context width, I history channels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from data_io.summaries import SMALL_UNITS
from ensemble.types import Sizes

DILATIONS = (1, 2, 4, 8, 16)  # with kernels of 2 the CNN sees 32 periods
HISTORY_WIDTH = 32


class Embeddings(nnx.Module):
    """One table per categorical column; code 0 is the unknown value and stays near 0."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.tables = nnx.List(
            nnx.Embed(count + 1, min(sizes.embedding, (count + 1) // 2 + 1), rngs=rngs) for count in sizes.categories
        )

    def __call__(self, codes: jax.Array) -> jax.Array:
        """[S, B] int32 -> [S, E]."""
        return jnp.concatenate([table(codes[:, i]) for i, table in enumerate(self.tables)], -1)

    def width(self) -> int:
        return sum(table.features for table in self.tables)


class MLP(nnx.Module):
    """A perceptron; `extra` more inputs [S, T, extra] come from a body that reads the history."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs, extra: int = 0):
        self.embeddings = Embeddings(sizes, rngs=rngs)
        known = sizes.attributes + sizes.calendar + sizes.summaries + sizes.dynamic + 1
        widths = [self.embeddings.width() + known + extra, *[sizes.width] * sizes.depth]
        self.layers = nnx.List(nnx.Linear(before, after, rngs=rngs) for before, after in pairwise(widths))

    def __call__(self, inputs: Inputs, lead: jax.Array, extra: jax.Array | None = None) -> jax.Array:
        """Args: inputs of S series and T periods; lead [T] int32, periods between the last known sale and t.
        Returns [T, S, H]."""
        summaries = inputs.summaries[:, last_known(lead) + 1]
        fixed = jnp.concatenate([self.embeddings(inputs.categories), inputs.attributes], -1)
        over_time = jnp.concatenate([inputs.calendar, jnp.log(lead.astype(jnp.float32))[:, None]], -1)
        shape = summaries.shape[:2]
        parts = [
            jnp.broadcast_to(fixed[:, None], (*shape, fixed.shape[-1])),
            jnp.broadcast_to(over_time[None], (*shape, over_time.shape[-1])),
            summaries,
            inputs.dynamic,
            *([] if extra is None else [extra]),
        ]
        context = jnp.concatenate(parts, -1)
        for layer in self.layers:
            context = nnx.gelu(layer(context))
        return jnp.swapaxes(context, 0, 1)


class CNN(nnx.Module):
    """Dilated causal convolutions over units, price and promotion, then the perceptron.

    The convolutions run once over the whole series, as shifted matrix products (van den Oord et al. 2016 for the
    dilations).
    """

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.first = nnx.Linear(3 + sizes.promotions, HISTORY_WIDTH, rngs=rngs)
        self.now = nnx.List(nnx.Linear(HISTORY_WIDTH, HISTORY_WIDTH, rngs=rngs) for _ in DILATIONS)
        self.before = nnx.List(nnx.Linear(HISTORY_WIDTH, HISTORY_WIDTH, use_bias=False, rngs=rngs) for _ in DILATIONS)
        self.mlp = MLP(sizes, rngs=rngs, extra=HISTORY_WIDTH)

    def __call__(self, inputs: Inputs, lead: jax.Array) -> jax.Array:
        """As MLP.__call__."""
        seen = nnx.gelu(self.first(history(inputs)))
        for dilation, now, before in zip(DILATIONS, self.now, self.before, strict=True):
            shifted = jnp.pad(seen, ((0, 0), (dilation, 0), (0, 0)))[:, : seen.shape[1]]
            seen = seen + nnx.gelu(now(seen) + before(shifted))
        return self.mlp(inputs, lead, at_lead(seen, lead))


class GRU(nnx.Module):
    """A gated recurrent unit over units, price and promotion (Cho et al. 2014), then the perceptron."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.cell = nnx.GRUCell(3 + sizes.promotions, HISTORY_WIDTH, rngs=rngs)
        self.mlp = MLP(sizes, rngs=rngs, extra=HISTORY_WIDTH)

    def __call__(self, inputs: Inputs, lead: jax.Array) -> jax.Array:
        """As MLP.__call__."""
        channels = jnp.swapaxes(history(inputs), 0, 1)
        graph, state = nnx.split(self.cell)
        start = jnp.zeros((channels.shape[1], HISTORY_WIDTH))
        step = jax.checkpoint(lambda carry, now: nnx.merge(graph, state)(carry, now))
        seen = jax.lax.scan(step, start, channels)[1]
        return self.mlp(inputs, lead, at_lead(jnp.swapaxes(seen, 0, 1), lead))


def history(inputs: Inputs) -> jax.Array:
    """[S, T, I] deviation of log units (at the usual traffic) from the level, log price, whether observed, promotions;
    0 where unobserved."""
    deviation = jnp.log(inputs.units * jnp.exp(-inputs.traffic) + SMALL_UNITS) - inputs.level[:, None]
    channels = jnp.stack([deviation, inputs.log_price, jnp.ones_like(deviation)], -1)
    return jnp.concatenate([channels, inputs.promotions], -1) * inputs.mask[..., None]


def last_known(lead: jax.Array) -> jax.Array:
    """[T] index of the last period whose sales are known at each period, -1 before the first."""
    return jnp.maximum(jnp.arange(len(lead)) - lead, -1)


def at_lead(seen: jax.Array, lead: jax.Array) -> jax.Array:
    """[S, T, I] what was seen up to the last known period; zeros before the first."""
    return jnp.pad(seen, ((0, 0), (1, 0), (0, 0)))[:, last_known(lead) + 1]


BODIES: dict[str, Callable[..., nnx.Module]] = {"mlp": MLP, "cnn": CNN, "gru": GRU}
WINDOWS = {"mlp": 1, "cnn": 32, "gru": 64}  # periods of history that a body must be given to forecast
