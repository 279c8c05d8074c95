"""Bodies: networks that turn what does not depend on candidate prices into a context vector per series and period.

Not for prices: own and rival prices of the period enter only through the heads.
Axes: T periods, S series, H context width.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.types import Sizes


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
    """Attributes, calendar, summaries of the history before the last known sale, and that lead -> context."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.embeddings = Embeddings(sizes, rngs=rngs)
        width = self.embeddings.width() + sizes.attributes + sizes.calendar + sizes.summaries + sizes.dynamic + 1
        widths = [width, *[sizes.width] * sizes.depth]
        self.layers = nnx.List(nnx.Linear(before, after, rngs=rngs) for before, after in itertools.pairwise(widths))

    def __call__(self, inputs: Inputs, lead: jax.Array) -> jax.Array:
        """Args: inputs of S series and T periods; lead [T] int32, periods between the last known sale and t.
        Returns [T, S, H]."""
        periods = jnp.arange(inputs.summaries.shape[1])
        known = jnp.maximum(periods - lead + 1, 0)
        summaries = inputs.summaries[:, known]
        fixed = jnp.concatenate([self.embeddings(inputs.categories), inputs.attributes], -1)
        over_time = jnp.concatenate([inputs.calendar, jnp.log(lead.astype(jnp.float32))[:, None]], -1)
        shape = summaries.shape[:2]
        context = jnp.concatenate(
            [
                jnp.broadcast_to(fixed[:, None], (*shape, fixed.shape[-1])),
                jnp.broadcast_to(over_time[None], (*shape, over_time.shape[-1])),
                summaries,
                inputs.dynamic,
            ],
            -1,
        )
        for layer in self.layers:
            context = nnx.gelu(layer(context))
        return jnp.swapaxes(context, 0, 1)


BODIES: dict[str, Callable[..., nnx.Module]] = {"mlp": MLP}
