"""What a failure means: its exit code, its status, its words, and the trace it leaves in the run directory.

Not for raising errors. A run that fails leaves `error.json` and no prices; infeasible rules also leave the contract's
summary.json and a manifest, because then the answer "there are no such prices" is the result.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_io.errors import InfeasibleError, JointpriceError, ResourceError

INTERRUPTED = 130
DEFECT = 1  # an error that is ours, not the user's
STATUSES = {2: "refused", ResourceError.exit_code: "out_of_resources", INTERRUPTED: "interrupted", DEFECT: "failed"}
_PRICES = ("prices.csv", "prices.parquet", "manifest.json")  # by the manifest others know that they are good
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE}


@dataclass(frozen=True)
class Failure:
    """exit_code: of the contract. status: one word for the leaderboard. message: for people. conflicts: of rules."""

    exit_code: int
    status: str
    message: str
    conflicts: tuple[Mapping[str, Any], ...] = ()


def describe(error: BaseException) -> Failure:
    """Any exception -> what to tell and how to exit."""
    if isinstance(error, InfeasibleError):
        return Failure(error.exit_code, error.status, str(error), error.conflicts)
    if isinstance(error, JointpriceError):
        return Failure(error.exit_code, STATUSES[error.exit_code], str(error))
    if isinstance(error, KeyboardInterrupt):
        return _failure(INTERRUPTED, "interrupted; the run directory is incomplete (it has no manifest.json)")
    if _is_out_of_memory(error):
        mend = "use fewer members (ensemble.members), a smaller search.population or fewer rows"
        return _failure(ResourceError.exit_code, f"not enough memory: {mend}")
    if isinstance(error, OSError):
        code = ResourceError.exit_code if error.errno in _DISK_FULL else 2
        return _failure(code, f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    return _failure(
        DEFECT,
        f"this is a defect of jointprice, not of your input: {type(error).__name__}: {error}\n"
        "Run again with debug=true for the traceback, and report it.",
    )


def record(failure: Failure, output: Path, task: str | None, seed: int | None) -> None:
    """Leave error.json in the run directory and take away prices that no one should use, an earlier run's too."""
    from data_io.write import RunDirectory

    for name in _PRICES:
        (output / name).unlink(missing_ok=True)
    directory = RunDirectory(output)
    directory.write_json("error.json", asdict(failure))
    if failure.exit_code == InfeasibleError.exit_code:
        if not (output / "summary.json").exists():
            summary = {"status": failure.status, "task": task, "seed": seed, "message": failure.message}
            directory.write_json("summary.json", summary | {"conflicts": list(failure.conflicts)})
        directory.finish()


def clear(output: Path) -> None:
    """Take away what an earlier run in this folder left and others would take for this run's."""
    for name in (*_PRICES, "error.json", "summary.json", "metrics.json"):
        (output / name).unlink(missing_ok=True)


def text(error: BaseException, failure: Failure, debug: bool) -> str:
    """The message for stderr, with the traceback where debug asks for it."""
    trace = "".join(traceback.format_exception(error)) if debug else ""
    return f"{trace}jointprice: {failure.message}"


def _failure(code: int, message: str) -> Failure:
    return Failure(code, STATUSES[code], message)


def _is_out_of_memory(error: BaseException) -> bool:
    # JAX's own error, known by its text so that failing does not import JAX.
    return isinstance(error, MemoryError) or (
        type(error).__name__ in ("XlaRuntimeError", "JaxRuntimeError") and "RESOURCE_EXHAUSTED" in str(error)
    )
