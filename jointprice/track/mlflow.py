"""track=mlflow: one MLflow run for each run, in an SQLite file (mlflow.db) or where MLFLOW_TRACKING_URI says.

The runs of one sweep are children of one run, named after the sweep's folder.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from data_io.errors import ResourceError
from jointprice.schema import Config
from jointprice.track.figures import curves, parameters, scalars

EXPERIMENT = "jointprice"
MOST_AT_ONCE = 500  # parameters, or metrics, of one request
LONGEST = 500  # of a parameter
PATIENCE = 30.0  # seconds that a sweep's other jobs wait for its first
FILES = ("summary.json", "metrics.json", "report.html", "prices.csv", "manifest.json")


def record(folder: Path, config: Config, summary: dict[str, Any]) -> None:
    """Parameters, metrics, curves and files of the run in `folder`."""
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path.cwd() / 'mlflow.db'}")
    client = MlflowClient()
    known = client.get_experiment_by_name(EXPERIMENT)
    experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT)
    tags = {"task": config.task, "directory": str(folder)}
    if (folder.parent / "multirun.yaml").exists():
        tags[MLFLOW_PARENT_RUN_ID] = _parent(client, experiment, folder.parent)
    run = client.create_run(experiment, tags=tags, run_name="/".join(folder.parts[-2:])).info.run_id
    now = int(1000 * time.time())
    found = scalars(folder, summary)
    values = [Metric(name, value, now, 0) for name, value in found.items()]
    values += [Metric(name, value, now, step) for name, step, value in curves(folder)]
    settings = [mlflow.entities.Param(key, value[:LONGEST]) for key, value in parameters(config).items()]
    for first in range(0, max(len(values), len(settings)), MOST_AT_ONCE):
        part = slice(first, first + MOST_AT_ONCE)
        client.log_batch(run, metrics=values[part], params=settings[part])
    for name in FILES:
        if (folder / name).exists():
            client.log_artifact(run, str(folder / name))
    client.set_terminated(run, "FINISHED")


def _parent(client: MlflowClient, experiment: str, sweep: Path) -> str:
    """The run that a sweep's runs belong to: made by the first job, found by the others, in other processes too."""
    note = sweep / ".mlflow_run"
    try:
        with note.open("x", encoding="utf-8") as file:
            run = client.create_run(experiment, run_name="/".join(sweep.parts[-2:]), tags={"directory": str(sweep)})
            client.set_terminated(run.info.run_id, "FINISHED")
            file.write(run.info.run_id)
            return run.info.run_id
    except FileExistsError:
        until = time.monotonic() + PATIENCE
        while not (told := note.read_text("utf-8")):
            if time.monotonic() > until:
                raise ResourceError(f"{note} stayed empty: remove it, and run the sweep again.") from None
            time.sleep(0.1)
        return told
