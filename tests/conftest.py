"""What all tests share: JAX on the CPU, and a compile cache kept apart from the user's."""

import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JOINTPRICE_CACHE", str(Path(tempfile.gettempdir()) / "jointprice-test-cache"))
os.environ.setdefault("NO_COLOR", "1")
# Compiling is most of the tests' time: optimised little, with XLA's older and quicker emitters.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")


@pytest.fixture(scope="session", autouse=True)
def one_compile_cache():
    """As in runs: two processes, and one that forgets, compile a program once."""
    from jointprice.session import ready_compiler

    ready_compiler()


@pytest.fixture(scope="module", autouse=True)
def few_compiled_programs():
    """After a module, compiled programs go where they have become many: without memory maps LLVM ends the process."""
    from jointprice.session import forget_many_programs

    yield
    forget_many_programs()
