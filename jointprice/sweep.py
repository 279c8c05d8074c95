"""What a sweep knows of its jobs: how they are judged, and which of them need not run again. Not for running them.

A sweep is resumed by the same command with the folder of the first in `hydra.sweep.dir`: the sweeper, seeded, proposes
the same jobs in the same order, and those that finished answer from their folders. So nothing but the folder has to be
kept, and it is alike for grids, for Optuna's samplers and for every launcher.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from data_io.errors import ConfigError, InputError
from jointprice.schema import Config, fingerprint

ERRORS = ("wape", "mape", "rmse", "bias")


class Metric(NamedTuple):
    """direction: in Optuna's words. figures: keys of `figures`, of which the first that is known counts."""

    direction: str
    figures: tuple[str, ...]


# The names of `sweep.metric`; in this order they also decide between jobs that are equal by the chosen one.
METRICS = {
    "wape": Metric("minimize", ("validation_wape", "test_wape")),  # a backtest has no validation periods
    "promised": Metric("maximize", ("promised_uplift",)),
    "objective": Metric("maximize", ("objective",)),
}

# What `hydra/sweeper=optuna` means here. The plugin's own settings always minimise, have no seed, propose two trials at
# a time and end with the first failure.
_OPTUNA = {
    "defaults": [{"sampler": "tpe"}, "_self_"],
    "_target_": "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper",
    "sampler": {"seed": "${seed}"},
    "direction": "${direction:${sweep.metric}}",
    "n_trials": 20,
    "n_jobs": 1,  # proposed at a time: no more than the launcher runs at a time
    "max_failure_rate": 1.0,
    "params": None,
    # The plugin wants these named. The sweep's folder is its storage.
    **dict.fromkeys(("storage", "study_name", "search_space", "custom_search_space")),
}


def register() -> None:
    """Give `hydra/sweeper=optuna` our settings. For the command line only: a program may use Optuna its own way."""
    from hydra.core.config_store import ConfigStore
    from hydra.core.plugins import Plugins
    from omegaconf import OmegaConf

    Plugins.instance()  # loads the plugins, whose settings ours replace
    ConfigStore.instance().store("optuna", _OPTUNA, group="hydra/sweeper", provider="jointprice")
    OmegaConf.register_new_resolver("direction", direction, replace=True)


def direction(metric: str) -> str:
    """``minimize`` or ``maximize``. Raises ConfigError where there is no such metric."""
    if metric not in METRICS:
        raise ConfigError(f"sweep.metric: {metric!r} is not one of {', '.join(METRICS)}.")
    return METRICS[metric].direction


def figures(job: Path) -> dict[str, Any]:
    """What a job's folder says of it; None stands for what the job did not write."""
    summary, error = read(job / "summary.json"), read(job / "error.json")
    objective = summary.get("objective") or {}
    promised = (summary.get("uplift") or {}).get("promised") or {}
    split = read(job / "metrics.json").get("split") or {}
    return {
        "status": error.get("status") or summary.get("status") or "unfinished",
        "objective_name": objective.get("name"),
        "objective": objective.get("recommended"),
        "promised_uplift": promised.get("mean"),
        "validation_wape": (split.get("validation") or {}).get("wape"),
        **{f"test_{name}": (split.get("test") or {}).get(name) for name in ERRORS},
        "seconds": (summary.get("seconds") or {}).get("total"),
    }


def score(job: dict[str, Any], metric: str) -> float | None:
    """A finished job's value of the metric, from its `figures`; None where the job failed or has no such value.

    None and not NaN: Optuna's sweeper marks the trial as failed and goes on, while NaN ends it.
    """
    if job["status"] != "done":
        return None
    return next((float(job[name]) for name in METRICS[metric].figures if job[name] is not None), None)


def best(jobs: Sequence[dict[str, Any]], metric: str) -> dict[str, Any] | None:
    """The best finished job by the metric; by the others, in METRICS' order, where jobs are equal.

    Money of different objectives does not compare: then the money metrics choose none. None where nothing compares.
    """
    done = [job for job in jobs if job["status"] == "done"]
    money = len({job["objective_name"] for job in done}) == 1
    criteria = [name for name in dict.fromkeys((metric, *METRICS)) if money or name == "wape"]

    def loss(job: dict[str, Any]) -> list[float]:
        values = [(score(job, name), METRICS[name].direction) for name in criteria]
        return [float("inf") if value is None else value if way == "minimize" else -value for value, way in values]

    known = [job for job in done if any(score(job, name) is not None for name in criteria)]
    return min(known, key=loss, default=None) if metric in criteria else None


def finished(folder: Path, config: Config) -> bool:
    """Whether the folder holds a complete run of these settings, whose files nothing has changed since.

    Hydra has just written its own part (.hydra) anew; where that differs, the manifest is brought up to date.
    """
    from data_io.write import MANIFEST, RunDirectory, verify  # imports pandas

    manifest, summary = folder / MANIFEST, read(folder / "summary.json")
    if not manifest.exists() or (summary.get("status"), summary.get("config_sha256")) != ("done", fingerprint(config)):
        return False
    if any(os.path.getmtime(path) > manifest.stat().st_mtime for path in _named_files(asdict(config))):
        return False
    try:
        verify(folder)
    except InputError as error:
        if any(Path(problem.file).parent != folder / ".hydra" for problem in error.problems):
            return False
        RunDirectory(folder).finish()
    return True


def read(path: Path) -> dict[str, Any]:
    """A JSON file; {} where there is none."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _named_files(settings: Any) -> Iterator[str]:
    """Every text in the settings that is the path of a file or folder there is: tables, rules, a model."""
    if isinstance(settings, dict):
        settings = list(settings.values())
    if isinstance(settings, list):
        for item in settings:
            yield from _named_files(item)
    elif isinstance(settings, str) and os.path.exists(os.path.expanduser(settings)):
        yield os.path.expanduser(settings)
