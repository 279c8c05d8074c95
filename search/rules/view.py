"""What joint rules see of the candidates, as compiled arrays. Not for rules on single prices."""

from __future__ import annotations

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np


@dataclass(frozen=True)
class View:
    """Candidates as one joint rule sees them; P candidates, S series, G groups of the rule.

    Attributes:
        prices: [P, S].
        units: [P, S], expected sales, mean over members, at most the stock where a rule caps sales.
        net: [P, S], prices after tax and fee.
        current: [S], prices that holding keeps.
        units_current: [S], expected sales at these prices.
        cost: [S], 0 where unknown.
        stock: [S], inf = unlimited.
        group: [S] int32, the rule's group of the offer, G = none.
        size: G.
        tax_rate: tax contained in prices.
        aids: the rule's own arrays.
    """

    prices: jax.Array
    units: jax.Array
    net: jax.Array
    current: jax.Array
    units_current: jax.Array
    cost: jax.Array
    stock: jax.Array
    group: jax.Array
    size: int
    tax_rate: jax.Array
    aids: dict[str, jax.Array] = field(default_factory=dict)

    def totals(self, values: jax.Array) -> jax.Array:
        """Sums over each group: [..., S] -> [..., G]."""
        moved = jnp.moveaxis(values, -1, 0)
        summed = jax.ops.segment_sum(moved, self.group, self.size + 1)[: self.size]
        return jnp.moveaxis(summed, 0, -1)


def sums(values: np.ndarray, view: View) -> np.ndarray:
    """View.totals of numpy's values [S] -> [G] float64."""
    return np.bincount(view.group, values, minlength=view.size + 1)[: view.size]


def ratio(part: jax.Array, whole: jax.Array) -> jax.Array:
    """part / whole, and 0 where the whole is nothing, with gradients free of NaN."""
    some = jnp.abs(whole) > 1e-12
    return jnp.where(some, part / jnp.where(some, whole, 1.0), 0.0)
