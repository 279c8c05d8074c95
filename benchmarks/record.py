"""How a benchmark's result is kept: JSON with the date, the machine and the arguments. Not for any measuring."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jax

RESULTS = Path(__file__).parent / "results"


def save(path: Path, arguments: dict[str, Any], **results: Any) -> None:
    """Write `results` beside the date, the machine and `arguments`, and say where."""
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "device": jax.devices()[0].device_kind,
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
            "jax": jax.__version__,
        },
        "arguments": arguments,
        **results,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"written: {path}")
