"""One compiled program on all of the processor's cores: a call for each part of the rows. Not for other devices, which
take all rows at once.

XLA divides only large operations among cores; a candidate's are small. How rows are divided follows from their number
and the cores alone, and no row's result depends on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import jax
import numpy as np


def each(call: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """call(item) of every item, done when it returns. A single one runs in the caller's thread; `call` may not ask for
    more."""
    if len(items) == 1 or jax.default_backend() != "cpu":
        return [call(item) for item in items]
    return list(_pool().map(lambda item: jax.block_until_ready(call(item)), items))


def parted(rows: np.ndarray, block: int) -> list[np.ndarray]:
    """Rows [P, …] in parts of one size for `each`, as many as there are cores to take them, of a block or more."""
    most = max(min(_cores(), len(rows) // block), 1) if jax.default_backend() == "cpu" else 1
    count = next(count for count in range(most, 0, -1) if len(rows) % count == 0)
    return np.split(rows, count)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_cores(), "candidates")


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
