"""What all tests share: JAX on the CPU, and a compile cache kept apart from the user's."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JOINTPRICE_CACHE", str(Path(tempfile.gettempdir()) / "jointprice-test-cache"))
os.environ.setdefault("NO_COLOR", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")  # compiling is most of the tests' time
