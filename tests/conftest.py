"""What all tests share: JAX on the CPU, and a compile cache kept apart from the user's."""

import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JOINTPRICE_CACHE", str(Path(tempfile.gettempdir()) / "jointprice-test-cache"))
os.environ.setdefault("NO_COLOR", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiling is most of the tests' time

MANY_MAPS = 20_000  # of the 65,530 that Linux gives a process; every compiled program takes some


@pytest.fixture(scope="module", autouse=True)
def few_compiled_programs():
    """After a module, compiled programs go where they have become many: without memory maps LLVM ends the process."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > MANY_MAPS:
        import jax

        jax.clear_caches()
