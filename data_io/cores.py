"""One pool of threads for all that runs on several of the processor's cores at a time. Not for what runs there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any


def count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """call(item) of every item, done when it returns. A single one runs in the caller's thread; all others, whoever
    asks, in one pool of as many threads as there are cores. `call` may not ask for more."""
    items = list(items)
    return [call(item) for item in items] if len(items) == 1 else list(_pool().map(call, items))


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count(), "cores")
