"""What heads share: the price curve, hierarchical terms with priors, sums over choice sets. Not a head itself.

A head turns a context into a Response (arrays that do not depend on candidate prices; series are the last axis), and
its `log_units` turns a Response and log prices [..., S] into log expected units [..., S].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.types import Sizes

OWN_MEAN, OWN_SD = 0.85, 0.5  # of the log own response: about 2.3, from 0.9 to 6.4 within two sd
CATEGORY_SD, PRODUCT_SD = 0.3, 0.3
BEND_MEAN, BEND_SD = 0.5, 0.5
SEASON_SD = 0.2  # of each yearly Fourier term of a product
LIFT_MEAN, LIFT_SD, LIFT_PRODUCT_SD = 0.1, 0.3, 0.15


class Prices(NamedTuple):
    """What candidates are: log_price [..., S] over reference; weight [S] shares in the choice set; choice_set [S]
    int32; marks [C], one entry per choice set (only its length counts); class_means [C']."""

    log_price: jax.Array
    weight: jax.Array
    choice_set: jax.Array
    marks: jax.Array
    class_means: jax.Array

    def set_sum(self, values: jax.Array) -> jax.Array:
        """[..., S] -> [..., S]: each series' choice-set total."""
        flat = values.reshape(-1, values.shape[-1]).T
        total = jax.ops.segment_sum(flat, self.choice_set, self.marks.shape[0])
        return total[self.choice_set].T.reshape(values.shape)

    def rivals(self, effect: jax.Array) -> jax.Array:
        """[..., S] the rivals' weighted part of a choice set's index of `effect`."""
        weighted = self.weight * effect
        return self.set_sum(weighted) - weighted


@dataclass(frozen=True)
class HeadKind:
    """A head as the registry knows it.

    Attributes:
        module: flax module, called with (context [T, S, H], inputs) -> Response, with `penalty()`.
        log_units: (response, prices) -> log expected units [..., S].
        logits: (response, prices) -> class logits [..., S, C'], for heads over demand classes, else None.
    """

    module: Callable[..., nnx.Module]
    log_units: Callable[[Any, Prices], jax.Array]
    logits: Callable[[Any, Prices], jax.Array] | None = None


class Hierarchy(nnx.Module):
    """One term for all, one per category, one per product; code 0 (unknown) is never fitted."""

    def __init__(self, sizes: Sizes):
        self.all = nnx.Param(jnp.zeros(()))
        self.category = nnx.Param(jnp.zeros(sizes.groups + 1))
        self.product = nnx.Param(jnp.zeros(sizes.products + 1))

    def __call__(self, inputs: Inputs) -> jax.Array:
        return self.all[...] + self.category[...][inputs.category] + self.product[...][inputs.product]

    def penalty(self, sd: float) -> jax.Array:
        """Negative log prior, up to a constant; sd is that of the term for all."""
        return (
            normal_penalty(self.all[...], sd)
            + normal_penalty(self.category[...], CATEGORY_SD)
            + normal_penalty(self.product[...], PRODUCT_SD)
        )


class Surroundings(nnx.Module):
    """Shrunk seasonal terms and promotion lifts per product: what moves demand beside prices, [T, S]."""

    def __init__(self, sizes: Sizes):
        self.season = nnx.Param(jnp.zeros((sizes.products + 1, 4)))
        self.lift = nnx.Param(jnp.zeros(sizes.promotions))
        self.lift_product = nnx.Param(jnp.zeros((sizes.products + 1, sizes.promotions)))

    def __call__(self, inputs: Inputs) -> jax.Array:
        lift = LIFT_MEAN + self.lift[...] + self.lift_product[...][inputs.product]
        promoted = jnp.einsum("stq,sq->ts", inputs.promotions, lift)
        return inputs.season @ self.season[...][inputs.product].T + promoted

    def penalty(self) -> jax.Array:
        return (
            normal_penalty(self.season[...], SEASON_SD)
            + normal_penalty(self.lift[...], LIFT_SD)
            + normal_penalty(self.lift_product[...], LIFT_PRODUCT_SD)
        )


class Bend(nnx.Module):
    """The curve's λ >= 0, one for all."""

    def __init__(self):
        self.value = nnx.Param(jnp.zeros(()))

    def __call__(self) -> jax.Array:
        return nnx.softplus(4 * (BEND_MEAN + self.value[...])) / 4

    def penalty(self) -> jax.Array:
        return normal_penalty(self.value[...], BEND_SD)


def baseline_layer(sizes: Sizes, outputs: int, rngs: nnx.Rngs) -> nnx.Linear:
    """A linear layer from context that starts near 0."""
    return nnx.Linear(sizes.width, outputs, rngs=rngs, kernel_init=nnx.initializers.normal(0.01))


def curve(log_price: jax.Array, bend: jax.Array) -> jax.Array:
    """f_λ(z) = (e^{λz} - 1)/λ (Box & Cox 1964), by its limit z where λ is tiny."""
    safe = jnp.maximum(bend, 1e-3)
    return jnp.expm1(safe * log_price) / safe


def normal_penalty(values: jax.Array, sd: float) -> jax.Array:
    """Negative log density of N(0, sd²), summed, up to a constant."""
    return 0.5 * jnp.sum((values / sd) ** 2)
