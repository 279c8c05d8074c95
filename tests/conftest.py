"""What all tests share: JAX on the CPU, and a compile cache kept apart from the user's."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
CACHE = os.environ.setdefault("JOINTPRICE_CACHE", str(Path(tempfile.gettempdir()) / "jointprice-test-cache"))
os.environ.setdefault("NO_COLOR", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiling is most of the tests' time
if CACHE != "off":  # as jointprice.session does for runs: two processes, and one that forgets, compile a program once
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", CACHE)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


@pytest.fixture(scope="module", autouse=True)
def few_compiled_programs():
    """After a module, compiled programs go where they have become many: without memory maps LLVM ends the process."""
    yield
    if "jax" in sys.modules:
        from jointprice.session import forget_many_programs

        forget_many_programs()
