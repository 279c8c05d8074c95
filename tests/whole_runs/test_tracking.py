"""Figures beside the run directory: tensorboard's event files, MLflow's runs, a sweep's grouped."""

import struct

import pytest

LIGHT = ("experiment=quick", "training.epochs=2", "training.refit=false")


def events(path):
    """The records of an event file: length, its checksum, content, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    content, at = path.read_bytes(), 0
    while at < len(content):
        (size,) = struct.unpack_from("<Q", content, at)
        yield Event.FromString(content[at + 12 : at + 12 + size])
        at += 16 + size


def test_tensorboard_gets_losses_search_figures_and_prices(jointprice):
    pytest.importorskip("tensorboardX", reason="tensorboardX is not installed: jointprice[track]")
    ended = jointprice(*LIGHT, "track=tensorboard")
    assert ended.code == 0, ended.err
    (path,) = (ended.directory / "tensorboard").iterdir()
    assert f"tensorboard/{path.name}" in ended.json("manifest.json")["files"]
    found = {value.tag: value for event in events(path) for value in event.summary.value}
    summary = ended.json("summary.json")
    assert found["objective/recommended"].simple_value == pytest.approx(summary["objective"]["recommended"], rel=1e-5)
    assert found["metrics/split/test/wape"].simple_value > 0
    assert {"loss/evaluate/0-mlp-elasticity/train", "search/best", "prices/change_pct"} <= set(found)
    steps = [event.step for event in events(path) for value in event.summary.value if value.tag == "search/best"]
    assert steps == list(range(len(steps)))


def test_mlflow_gets_parameters_metrics_and_files_and_groups_a_sweep(jointprice, tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="mlflow is not installed: jointprice[track]")
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'runs.db'}")
    ended = jointprice("-m", *LIGHT, "track=mlflow", "task=train", "seed=0,1", place=tmp_path)
    assert ended.code == 0, ended.err
    client = MlflowClient()
    runs = client.search_runs([client.get_experiment_by_name("jointprice").experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(runs) == 3
    assert len({run.data.tags["mlflow.parentRunId"] for run in children}) == 1
    assert sorted(run.data.params["seed"] for run in children) == ["0", "1"]
    for run in children:
        assert run.data.metrics["metrics.split.test.wape"] > 0
        assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {"summary.json", "metrics.json"}


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_done(jointprice, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.delitem(sys.modules, "jointprice.track.tensorboard", raising=False)
    ended = jointprice(*LIGHT, "track=tensorboard")
    assert ended.code == 2
    assert "pip install 'jointprice[track]'" in ended.err
    assert "read" not in ended.err
