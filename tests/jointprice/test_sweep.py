"""How a sweep judges its jobs, and how one that was cut off goes on; the task is one of our own."""

import json
import math
import os
import shutil

import pytest
import yaml

from data_io.write import verify
from jointprice import leaderboard, sweep

TREE = ("-m", "hydra/sweeper=optuna", "training.learning_rate=tag(log,interval(1e-4,1e-2))", "hydra.sweep.dir=there")


@pytest.fixture
def with_optuna():
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="the extra `sweep` is not installed")


@pytest.fixture
def task():
    """A task that notes the learning rates it ran with; the best one is 1e-3."""
    from jointprice.session import open_session

    def execute(config, output):
        execute.ran.append(config.training.learning_rate)
        session = open_session(config, output)
        wape = (math.log10(config.training.learning_rate) + 3) ** 2
        session.directory.write_json("metrics.json", {"split": {"validation": {"wape": wape}}})
        return session.finish({"objective": {"name": "profit", "current": 1.0, "recommended": 2.0}})

    execute.ran = []
    return execute


def job(number, wape=None, promised=None, objective=None, name="profit", status="done"):
    return {
        "job": number,
        "status": status,
        "objective_name": name,
        "objective": objective,
        "promised_uplift": promised,
        "validation_wape": wape,
        "test_wape": None,
    }


@pytest.mark.parametrize(
    ("metric", "jobs", "expected"),
    [
        ("wape", [job(0, wape=0.3), job(1, wape=0.2), job(2)], 1),
        ("promised", [job(0, promised=5.0, wape=0.1), job(1, promised=7.0, wape=0.9)], 1),
        ("objective", [job(0, objective=5.0), job(1, objective=7.0, status="infeasible")], 0),
        ("wape", [job(0, wape=0.2, promised=5.0), job(1, wape=0.2, promised=7.0)], 1),
        ("wape", [job(0, wape=0.2, objective=5.0), job(1, wape=0.2, objective=7.0)], 1),
        ("wape", [job(0, objective=5.0), job(1, objective=7.0)], 1),  # task=optimise measures no forecasts
        ("wape", [job(0, wape=0.2, promised=5.0), job(1, wape=0.2, promised=90.0, name="units")], 0),
        ("promised", [job(0, promised=5.0), job(1, promised=90.0, name="units")], None),
        ("wape", [job(0, status="failed")], None),
        ("wape", [job(0)], None),
    ],
)
def test_the_best_job_is_the_one_by_the_metric_and_then_by_the_others(metric, jobs, expected):
    best = sweep.best(jobs, metric)
    assert (best and best["job"]) == expected


def test_a_backtest_is_judged_by_its_test_error(tmp_path, make_job):
    folder = make_job(tmp_path, 0, [], summary={"status": "done"}, metrics={"split": {"test": {"wape": 0.4}}})
    assert sweep.score(sweep.figures(folder), "wape") == 0.4
    assert sweep.score(sweep.figures(folder), "promised") is None


def test_the_best_job_is_left_as_an_experiment_that_composes_to_its_settings(run_here, task, tmp_path, capfd):
    choices = ("experiment=quick", "training.learning_rate=0.002,0.001", "rules=bounds", "data.columns.units=sold")
    assert run_here(task, "-m", "hydra.sweep.dir=there", *choices) == 0
    best = yaml.safe_load((tmp_path / "there" / leaderboard.BEST).read_text("utf-8"))
    assert best["training"] == {"epochs": 3, "learning_rate": 0.001, "promise_members": 0}
    assert best["rules"] == {"name": "bounds", "rules": [{"type": "bounds"}]}
    assert best["data"] == {"columns": {"units": "sold"}}
    assert "objective" not in best
    assert "job 1; to run it again: jointprice --config-dir there/best experiment=best" in capfd.readouterr().out
    assert run_here(task, "--config-dir", "there/best", "experiment=best", "hydra.run.dir=again") == 0
    again, before = (
        json.loads((tmp_path / place / "summary.json").read_text("utf-8")) for place in ("again", "there/1")
    )
    assert again["config_sha256"] == before["config_sha256"]


def test_a_grid_that_is_run_again_in_its_folder_runs_only_what_did_not_finish(run_here, task, tmp_path, capfd):
    grid = ("-m", "training.learning_rate=0.001,0.002,0.003", "hydra.sweep.dir=there")
    assert run_here(task, *grid) == 0
    (tmp_path / "there" / "1" / "manifest.json").unlink()
    (tmp_path / "there" / "2" / "metrics.json").write_text("{}", "utf-8")
    task.ran.clear()
    assert run_here(task, *grid, "hydra.sweeper.max_batch_size=1") == 0
    assert task.ran == [0.002, 0.003]
    assert "0: finished before, kept" in capfd.readouterr().err
    for number in "012":
        verify(tmp_path / "there" / number)


def test_a_job_runs_again_where_settings_or_a_table_changed(run_here, task, tmp_path):
    table = tmp_path / "sales.csv"
    table.write_text("date\n", "utf-8")
    grid = ("-m", "seed=0,1", "hydra.sweep.dir=there", "data.sales=sales.csv")
    for changes, ran in [((), 2), ((), 0), (("training.epochs=5",), 2)]:
        task.ran.clear()
        assert run_here(task, *grid, *changes) == 0
        assert len(task.ran) == ran
    later = table.stat().st_mtime + 3600
    os.utime(table, (later, later))
    task.ran.clear()
    run_here(task, *grid, "training.epochs=5")
    assert len(task.ran) == 2


def test_a_job_that_fails_the_second_time_leaves_nothing_of_the_first(run_here, task, tmp_path):
    def broken(config, output):
        raise ValueError("no")

    assert run_here(task, "-m", "seed=0", "hydra.sweep.dir=there") == 0
    assert run_here(broken, "-m", "seed=0", "hydra.sweep.dir=there", "training.epochs=5") == 1
    assert {path.name for path in (tmp_path / "there" / "0").iterdir()} == {".hydra", "error.json"}


def test_trials_that_were_cut_off_end_as_the_same_trials(run_here, task, tmp_path, with_optuna):
    arguments = (*TREE, "hydra.sweeper.n_trials=6", "seed=3")
    assert run_here(task, *arguments) == 0
    rates, there = list(task.ran), tmp_path / "there"
    found = (there / "optimization_results.yaml").read_text("utf-8")
    assert len(set(rates)) == 6
    for number in range(4, 6):
        shutil.rmtree(there / str(number))
    (there / "3" / "manifest.json").unlink()
    task.ran.clear()
    assert run_here(task, *arguments) == 0
    assert task.ran == rates[3:]
    assert (there / "optimization_results.yaml").read_text("utf-8") == found
    assert len((there / "leaderboard.csv").read_text("utf-8").splitlines()) == 7


def test_another_seed_proposes_other_trials(run_here, task, with_optuna):
    for seed in (0, 1):
        run_here(task, *TREE, "hydra.sweeper.n_trials=2", f"seed={seed}")
    assert len(set(task.ran)) == 4


@pytest.mark.parametrize(
    ("metric", "best"), [("objective", 0.004), pytest.param("wape", 0.001, marks=pytest.mark.nightly)]
)
def test_optuna_looks_for_the_better_end_of_each_metric(run_here, task, tmp_path, with_optuna, metric, best):
    def execute(config, output):
        task(config, output)
        summary = sweep.read(output / "summary.json")
        summary["objective"]["recommended"] = config.training.learning_rate
        (output / "summary.json").write_text(json.dumps(summary), "utf-8")
        return summary

    rates = "training.learning_rate=0.001,0.004"
    run_here(
        execute,
        "-m",
        "hydra/sweeper=optuna",
        rates,
        f"sweep.metric={metric}",
        "hydra.sweep.dir=x",
        "hydra.sweeper.n_trials=6",
    )
    found = yaml.safe_load((tmp_path / "x" / "optimization_results.yaml").read_text("utf-8"))
    assert float(found["best_params"]["training.learning_rate"]) == best


def test_a_trial_that_fails_ends_no_sweep(run_here, task, tmp_path, with_optuna):
    def execute(config, output):
        if len(task.ran) == 1:
            task.ran.append(None)
            raise MemoryError
        return task(config, output)

    assert run_here(execute, *TREE, "hydra.sweeper.n_trials=4") == 4
    assert len(task.ran) == 4


def test_a_sweep_without_any_value_ends_with_words(run_here, task, capfd, with_optuna):
    assert run_here(task, *TREE, "hydra.sweeper.n_trials=2", "sweep.metric=promised") == 2
    told = capfd.readouterr().err
    assert "job 1: no value of sweep.metric=promised" in told
    assert "no job of the sweep has a value to choose by" in told


@pytest.mark.parametrize("option", ["hydra/sweeper=optuna", "hydra/launcher=joblib"])
def test_without_the_extra_its_options_are_refused_with_its_name(command, option):
    hidden = (
        "import sys; del sys.argv[1:3]; sys.modules['hydra_plugins'] = None\n"
        "from jointprice.app import main; sys.exit(main())"
    )
    answer = command("-m", option, "seed=0", python=("-c", hidden))
    assert answer.returncode == 2
    assert "pip install 'jointprice[sweep]'" in answer.stderr
