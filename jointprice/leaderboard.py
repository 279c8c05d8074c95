"""The table of a sweep: leaderboard.csv, its best jobs, its exit code. Not for running jobs: Hydra's launchers do.

It reads only what each job left in its folder, so it works whichever process ran the job.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

METRICS = ("wape", "mape", "rmse", "bias")
COLUMNS = (
    *("job", "overrides", "status", "objective_name", "objective", "promised_uplift"),
    *(f"test_{name}" for name in METRICS),
    *("seconds", "run_directory"),
)


class Leaderboard(Callback):
    """Hydra's callback at the end of a sweep."""

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Write and tell the leaderboard; end with the worst exit code, where a job failed."""
        folder = Path(config.hydra.sweep.dir)
        rows = collect(folder)
        write(folder, rows)
        for line in best_lines(rows):
            print(line)
        print(f"leaderboard: {folder / 'leaderboard.csv'}")
        code = max((_read(folder / row["run_directory"] / "error.json").get("exit_code", 0) for row in rows), default=0)
        if code:
            raise SystemExit(code)  # Hydra swallows ordinary exceptions of callbacks


def collect(folder: Path) -> list[dict]:
    """One row per job folder of a sweep, in the jobs' order; what a job did not write is left blank."""
    jobs = [path.parent.parent for path in folder.glob("*/.hydra/overrides.yaml")]
    return [_row(job) for job in sorted(jobs, key=lambda job: (len(job.name), job.name))]


def write(folder: Path, rows: list[dict]) -> None:
    """leaderboard.csv; numbers unrounded, unknown ones blank."""
    import pandas as pd  # here, because Hydra makes the callback before every run

    from data_io.write import RunDirectory

    RunDirectory(folder).write_csv("leaderboard.csv", pd.DataFrame(rows, columns=list(COLUMNS)))


def best_lines(rows: list[dict]) -> list[str]:
    """The best finished job by each objective and by test WAPE, in words; objectives of two names do not compare."""
    done = [row for row in rows if row["status"] == "done"]
    lines = []
    for name in sorted({row["objective_name"] for row in done if row["objective"] is not None}):
        rivals = [row for row in done if row["objective_name"] == name and row["objective"] is not None]
        best = max(rivals, key=lambda row: row["objective"])
        lines.append(f"best {name} in the model: job {best['job']} ({best['overrides']}): {best['objective']:,.2f}")
    if rivals := [row for row in done if row["test_wape"] is not None]:
        best = min(rivals, key=lambda row: row["test_wape"])
        lines.append(f"lowest test WAPE: job {best['job']} ({best['overrides']}): {best['test_wape']:.4g}")
    return lines or [f"none of {len(rows)} jobs finished"]


def _row(job: Path) -> dict:
    summary, error = _read(job / "summary.json"), _read(job / "error.json")
    objective = summary.get("objective") or {}
    promised = (summary.get("uplift") or {}).get("promised") or {}
    test = (_read(job / "metrics.json").get("split") or {}).get("test") or {}
    overrides = yaml.safe_load((job / ".hydra" / "overrides.yaml").read_text("utf-8")) or []
    return {
        "job": job.name,
        "overrides": " ".join(overrides),
        "status": error.get("status") or summary.get("status") or "unfinished",
        "objective_name": objective.get("name"),
        "objective": objective.get("recommended"),
        "promised_uplift": promised.get("mean"),
        **{f"test_{name}": test.get(name) for name in METRICS},
        "seconds": (summary.get("seconds") or {}).get("total"),
        "run_directory": job.name,
    }


def _read(path: Path) -> dict:
    return json.loads(path.read_text("utf-8")) if path.exists() else {}
