"""Series to cells and back, where a block's stores and products are an array.

Axes: S series, B blocks, M stores, J products.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ensemble.anchor.layout import Sets


def in_cells(sets: Sets, values: jax.Array, blank: float | jax.Array = 0.0) -> jax.Array:
    """[..., S] -> [..., B, M, J]; cells without a series get the blank."""
    known = sets.cells < len(sets.place)
    return jnp.where(known, values[..., jnp.minimum(sets.cells, len(sets.place) - 1)], blank)


def by_series(sets: Sets, cells: jax.Array) -> jax.Array:
    """[..., B, M, J] -> [..., S]."""
    return cells.reshape(*cells.shape[:-3], -1)[..., sets.place]


def sums(values: jax.Array, members: jax.Array) -> jax.Array:
    """[..., B, M, J] sums of values in cells over the products that are `members` [B, J, J] with one, in the store."""
    return jnp.einsum("...bmk,bjk->...bmj", values, jnp.asarray(members, jnp.float32))


def there(sets: Sets) -> jax.Array:
    """[B, M, J] 1 where a cell has a series, else 0."""
    return jnp.asarray(sets.cells < len(sets.place), jnp.float32)
