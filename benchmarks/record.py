"""How a benchmark's result is kept: JSON with the date, the machine and the arguments, and beside it what is finished
so far, one line each, so that a second call goes on. Not for any measuring."""

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


def finished(kept: Path) -> list[Any]:
    """What `keep` appended; a last line that an interrupted run left incomplete is cut off."""
    if not kept.exists():
        return []
    text = kept.read_text("utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        kept.write_text(whole, "utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def keep(kept: Path, one: Any) -> None:
    """Append something finished to a .jsonl file."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a", encoding="utf-8") as file:
        file.write(json.dumps(one) + "\n")
