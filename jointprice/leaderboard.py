"""The table of a sweep: leaderboard.csv, its best jobs, its exit code. Not for running jobs: Hydra's launchers do.

It reads only what each job left in its folder, so it works whichever process ran the job.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from jointprice import sweep
from jointprice.compose import compose_tree
from jointprice.remaining import begin_sweep

COLUMNS = (
    *("job", "overrides", "status", "objective_name", "objective", "promised_uplift", "validation_wape"),
    *(f"test_{name}" for name in sweep.ERRORS),
    *("seconds", "run_directory"),
)
BEST = "best/experiment/best.yaml"  # in a folder of its own, which --config-dir can name


class Leaderboard(Callback):
    """Hydra's callbacks at the beginning and at the end of a sweep."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Note how many jobs there will be."""
        begin_sweep(config.hydra.overrides.task, config.hydra.sweeper.get("n_trials"))

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Write and tell the leaderboard and the best job; end with the worst exit code, where a job failed."""
        folder = Path(config.hydra.sweep.dir)
        rows = collect(folder)
        write(folder, rows)
        for line in best_lines(rows):
            print(line)
        if best := sweep.best(rows, config.sweep.metric):
            write_best(folder, best)
            print(f"best by sweep.metric={config.sweep.metric}: job {best['job']}; to run it again: ", end="")
            print(f"jointprice --config-dir {folder / 'best'} experiment=best")
        print(f"leaderboard: {folder / 'leaderboard.csv'}")
        errors = [sweep.read(folder / row["run_directory"] / "error.json") for row in rows]
        if code := max((error.get("exit_code", 0) for error in errors), default=0):
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


def write_best(folder: Path, best: dict) -> None:
    """A job's settings that differ from the defaults, as an experiment: ``--config-dir …/best experiment=best``."""
    from data_io.write import RunDirectory

    job = OmegaConf.to_container(OmegaConf.load(folder / best["run_directory"] / ".hydra" / "config.yaml"))
    defaults = OmegaConf.to_container(compose_tree())
    text = f"# @package _global_\n# Job {best['job']} of a sweep: {' '.join(best['overrides'].split())}\n"
    RunDirectory(folder).write_text(BEST, text + OmegaConf.to_yaml(_differences(job, defaults)))


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
    overrides = yaml.safe_load((job / ".hydra" / "overrides.yaml").read_text("utf-8")) or []
    return {"job": job.name, "overrides": " ".join(overrides), **sweep.figures(job), "run_directory": job.name}


def _differences(settings: dict, defaults: dict) -> dict:
    """The part of `settings` that `defaults` lack or have otherwise; lists count as wholes."""
    found = {}
    for key, value in settings.items():
        usual = defaults.get(key)
        if isinstance(value, dict) and isinstance(usual, dict):
            value = _differences(value, usual)
            if value:
                found[key] = value
        elif key not in defaults or value != usual:
            found[key] = value
    return found
