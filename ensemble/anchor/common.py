"""What the sales say of shocks that all stores of a period share, compiled. Not for the shocks' own law (shocks).

Axes: M stores, T periods, J products, P shared and row parameters, as in linearise.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ensemble.anchor.heads import Block, Shape, Theta
from ensemble.anchor.linearise import Cells, Noise, parameter_order, slopes_of, told


class Common(NamedTuple):
    """Derivatives of the loss without priors: pull [T, J] = −∂ loss / ∂ shock, within [T, J, J] the Gauss-Newton second
    derivatives by a period's shocks, across [T, J, P] those by shocks and parameters, scores [T, P] the periods' parts
    of the gradient by parameters."""

    pull: jax.Array
    within: jax.Array
    across: jax.Array
    scores: jax.Array


@partial(jax.jit, static_argnums=0)
def common(shape: Shape, block: Block, theta: Theta, scale, cells: Cells, noise: Noise, weight) -> Common:
    """See Common."""
    periods, products = cells.z.shape[1:]
    order = parameter_order(shape)

    def one(total, store):
        at, slopes = slopes_of(shape, block, theta, scale, cells, store)
        _, pull, heavy = told(cells, noise, weight, at, store)
        by_shift, pulled = heavy, pull
        if slopes.shift is not None:
            by_shift = jnp.einsum("tjk,tka->tja", heavy, slopes.shift)
            pulled = jnp.einsum("tj,tjk->tk", pull, slopes.shift)
        by_row = (by_shift[..., None] * slopes.factors[:, None]).reshape(periods, products, -1)
        of_row = (pulled[..., None] * slopes.factors).reshape(periods, -1)
        across = jnp.concatenate([jnp.einsum("tjk,tkd->tjd", heavy, slopes.dense), by_row], -1)
        scores = -jnp.concatenate([jnp.einsum("tj,tjd->td", pull, slopes.dense), of_row], -1)
        return jax.tree.map(jnp.add, total, Common(pull, heavy, across, scores)), None

    sizes = ((products,), (products, products), (products, len(order)), (len(order),))
    start = Common(*(jnp.zeros((periods, *size)) for size in sizes))
    found, _ = jax.lax.scan(one, start, jnp.arange(len(cells.z)))
    return found._replace(across=found.across[..., order], scores=found.scores[..., order])
