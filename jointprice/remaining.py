"""How long the rest of a stage or of a sweep will take, in words. Not for telling it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from math import prod
from pathlib import Path

SWEEP = "JOINTPRICE_SWEEP"  # in the environment, so that parallel jobs know it: when it began, and how many jobs it has


def words(done: int, total: int | None, seconds: float) -> str:
    """``about 4 min left`` after `seconds` for `done` of `total` steps; "" where nothing can be said."""
    if not total or not 0 < done < total:
        return ""
    left = seconds / done * (total - done)
    if left < 90:
        return f"about {max(round(left), 1)} s left"
    return f"about {left / 60:.0f} min left" if left < 90 * 60 else f"about {left / 3600:.1f} h left"


def begin_sweep(overrides: Sequence[str], trials: int | None) -> None:
    """Remember when a sweep began and how many jobs it has: a sweeper's trials, or every combination of the values
    given."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    swept = [one for one in OverridesParser.create().parse_overrides(list(overrides)) if one.is_sweep_override()]
    jobs = trials or prod(sum(1 for _ in one.sweep_string_iterator()) for one in swept)
    os.environ[SWEEP] = f"{time.time()} {jobs}"


def of_sweep(folder: Path) -> str:
    """``3 of 12 jobs, about 4 min left``: jobs of the folder that ended since the sweep began; "" outside a sweep."""
    if SWEEP not in os.environ:
        return ""
    begun, jobs = (float(number) for number in os.environ[SWEEP].split())
    ends = (job / name for job in folder.iterdir() if job.is_dir() for name in ("summary.json", "error.json"))
    ended = [path.stat().st_mtime for path in ends if path.exists()]
    fresh = sum(moment >= begun for moment in ended)
    kept = len(ended) - fresh
    left = words(fresh, int(jobs) - kept, time.time() - begun)
    return f"{len(ended)} of {int(jobs)} jobs" + (f", {left}" if left else "")
