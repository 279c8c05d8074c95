"""One compiled program on all of the processor's cores: a call for each part of the rows. Not for other devices, which
take all rows at once.

XLA divides only large operations among cores; a candidate's are small. How rows are divided follows from their number
and the cores alone, and no row's result depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from data_io import cores


def each(call: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """call(item) of every item; see data_io.cores.each."""
    if jax.default_backend() != "cpu":
        return [call(item) for item in items]
    return cores.each(lambda item: jax.block_until_ready(call(item)), items)


def parted(rows: np.ndarray, block: int) -> list[np.ndarray]:
    """Rows [P, …] in parts of one size for `each`, as many as there are cores to take them, of a block or more."""
    most = max(min(cores.count(), len(rows) // block), 1) if jax.default_backend() == "cpu" else 1
    count = next(count for count in range(most, 0, -1) if len(rows) % count == 0)
    return np.split(rows, count)
