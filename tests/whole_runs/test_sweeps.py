"""`-m`: one run directory a job, and one table of all of them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from data_io.write import verify

QUICK = "experiment=quick"


def test_a_sweep_leaves_every_run_and_a_leaderboard(jointprice):
    ended = jointprice("-m", QUICK, "objective.risk=0,0.5")
    assert ended.code == 0, ended.err
    (board,) = ended.place.glob("multirun/*/*/leaderboard.csv")
    rows = pd.read_csv(board)
    assert rows["overrides"].tolist() == [f"{QUICK} objective.risk={risk}" for risk in (0, 0.5)]
    assert (rows["status"] == "done").all()
    assert rows[["objective", "test_wape", "seconds"]].notna().all(axis=None)
    for job, row in zip(rows["run_directory"], rows.to_dict("records"), strict=True):
        verify(board.parent / str(job))
        prices = pd.read_csv(board.parent / str(job) / "prices.csv")
        assert abs(prices["profit"].sum() - row["objective"]) < 1e-6
    assert f"leaderboard: {board.relative_to(ended.place)}" in ended.out
    assert "sweep: 1 of 2 jobs, about" in ended.err
    assert "sweep: 2 of 2 jobs\n" in ended.err


def test_a_job_that_is_refused_loses_no_other_job_and_ends_the_sweep_with_2(jointprice):
    ended = jointprice("-m", QUICK, "search.population=2,16")
    assert ended.code == 2
    assert "search.population must be from 4" in ended.err
    (board,) = ended.place.glob("multirun/*/*/leaderboard.csv")
    rows = pd.read_csv(board)
    assert rows["status"].tolist() == ["refused", "done"]
    assert not (board.parent / "0" / "prices.csv").exists()
    verify(board.parent / "1")


@pytest.mark.nightly
def test_the_joblib_launcher_gives_the_figures_of_the_basic_one(jointprice):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="the extra `sweep` is not installed")
    sweep = ("-m", QUICK, "seed=0,1", "hydra.sweep.dir=there")
    basic = jointprice(*sweep)
    parallel = jointprice(*sweep, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert (basic.code, parallel.code) == (0, 0), parallel.err
    for name in ("0/metrics.json", "0/prices.csv", "1/metrics.json", "1/prices.csv"):
        assert (basic.place / "there" / name).read_bytes() == (parallel.place / "there" / name).read_bytes()


@pytest.mark.nightly
def test_a_tree_sweep_of_12_trials_that_is_killed_half_way_ends_with_the_same_12(jointprice, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra `sweep` is not installed")
    rate = "training.learning_rate=tag(log,interval(1e-4,1e-2))"
    sweep = ("-m", "hydra/sweeper=optuna", rate, QUICK, "hydra.sweeper.n_trials=12", "hydra.sweep.dir=there")
    whole = jointprice(*sweep)
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "jointprice", *sweep], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(root)}
    ) as process:
        while process.poll() is None and not (tmp_path / "there" / "6" / "model").exists():
            time.sleep(0.05)
        process.kill()
    assert not (tmp_path / "there" / "6" / "manifest.json").exists()
    resumed = jointprice(*sweep, place=tmp_path)
    assert (whole.code, resumed.code) == (0, 0), resumed.err
    assert resumed.err.count("finished before, kept") == 6
    for number in range(12):
        for name in ("prices.csv", "metrics.json", ".hydra/overrides.yaml"):
            file = Path("there", str(number), name)
            assert (whole.place / file).read_bytes() == (tmp_path / file).read_bytes()
