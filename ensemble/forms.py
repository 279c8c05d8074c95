"""In which form members run: in blocks, every block one call of the same compiled program over its members.

On a CPU a block is one member, and as many run at a time as there are cores: little of a member's work can use a
second core, and several members at once leave its cache. Where a call costs more than what it computes, one block holds
all members, one after the other. On other devices one block holds all members at once. The form follows from device
and size alone, never from load or timings, so that results repeat. Not for what a block computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from data_io import cores

LEAST_ROWS = 16_384  # of a member's inference that is worth a call of its own


def blocks(members: int, rows: int | None = None) -> list[slice]:
    """The blocks of `members` members, in their order; rows: what each has to get through (None = many)."""
    alone = jax.default_backend() == "cpu" and (rows is None or rows >= LEAST_ROWS)
    size = 1 if alone else max(members, 1)
    return [slice(first, first + size) for first in range(0, members, size)]


def over_members(one: Callable[[Any], Any], own: Any) -> Any:
    """one(member) of every member of a block, within a compiled program; every leaf of `own` begins with K."""
    if jax.default_backend() == "cpu":
        return jax.lax.map(one, own, batch_size=1)
    return jax.vmap(one)(own)


def run(call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """call(item) of every item, computed when it returns; see data_io.cores.each."""
    return cores.each(lambda item: jax.block_until_ready(call(item)), items)


def part(tree: Any, block: slice) -> Any:
    """The block's members of a tree whose every leaf begins with the axis K."""
    return jax.tree.map(lambda leaf: leaf[block], tree)


def joined(parts: list[Any]) -> Any:
    """The opposite of `part`: one tree of all members, on the host: there, leaves of many shapes compile nothing."""
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *jax.device_get(parts))
