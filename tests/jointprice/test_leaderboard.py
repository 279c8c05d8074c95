"""The sweep's table, from fabricated job folders."""

import csv

from jointprice import leaderboard


def summary(recommended, promised=None, name="profit", status="done"):
    return {
        "status": status,
        "objective": {"name": name, "current": 1.0, "recommended": recommended},
        "uplift": {"promised": {"mean": promised}},
        "seconds": {"total": 2.5},
    }


def metrics(wape):
    return {
        "split": {
            "validation": {"wape": 0.35},
            "test": {"wape": wape, "mape": 0.4, "rmse": 3.0, "bias": -0.1, "mae": 2.0},
        }
    }


def test_a_row_holds_what_its_job_left(tmp_path, make_job):
    make_job(tmp_path, 0, ["ensemble.members=2", "seed=1"], summary=summary(12.5, 1.25), metrics=metrics(0.3))
    (row,) = leaderboard.collect(tmp_path)
    assert row == {
        "job": "0",
        "overrides": "ensemble.members=2 seed=1",
        "status": "done",
        "objective_name": "profit",
        "objective": 12.5,
        "promised_uplift": 1.25,
        "validation_wape": 0.35,
        "test_wape": 0.3,
        "test_mape": 0.4,
        "test_rmse": 3.0,
        "test_bias": -0.1,
        "seconds": 2.5,
        "run_directory": "0",
    }


def test_rows_stand_in_the_order_of_the_jobs(tmp_path, make_job):
    for number in (10, 2, 0):
        make_job(tmp_path, number, [f"seed={number}"], summary=summary(1.0))
    assert [row["job"] for row in leaderboard.collect(tmp_path)] == ["0", "2", "10"]


def test_a_failed_and_an_unfinished_job_have_their_status_and_blanks(tmp_path, make_job):
    make_job(tmp_path, 0, ["seed=0"], error={"exit_code": 4, "status": "out_of_resources", "message": "x"})
    make_job(tmp_path, 1, ["seed=1"])
    rows = leaderboard.collect(tmp_path)
    assert [row["status"] for row in rows] == ["out_of_resources", "unfinished"]
    assert rows[0]["objective"] is None


def test_the_file_has_every_column_and_no_formula(tmp_path, make_job):
    make_job(tmp_path, 0, ["+data.columns.units=sold"], summary=summary(1.0))
    leaderboard.write(tmp_path, leaderboard.collect(tmp_path))
    with (tmp_path / "leaderboard.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == leaderboard.COLUMNS
    assert row["overrides"] == "'+data.columns.units=sold"
    assert row["objective"] == "1.0"
    assert row["test_wape"] == ""


def test_the_best_is_named_per_objective_and_by_test_error(tmp_path, make_job):
    make_job(tmp_path, 0, ["a=0"], summary=summary(10.0), metrics=metrics(0.3))
    make_job(tmp_path, 1, ["a=1"], summary=summary(20.0), metrics=metrics(0.4))
    make_job(tmp_path, 2, ["a=2"], summary=summary(900.0, name="units"), metrics=metrics(0.5))
    make_job(tmp_path, 3, ["a=3"], summary=summary(99.0, status="infeasible"), metrics=metrics(0.1))
    assert leaderboard.best_lines(leaderboard.collect(tmp_path)) == [
        "best profit in the model: job 1 (a=1): 20.00",
        "best units in the model: job 2 (a=2): 900.00",
        "lowest test WAPE: job 0 (a=0): 0.3",
    ]


def test_a_sweep_without_any_finished_job_says_so(tmp_path, make_job):
    make_job(tmp_path, 0, ["a=0"], error={"exit_code": 2, "status": "refused", "message": "x"})
    assert leaderboard.best_lines(leaderboard.collect(tmp_path)) == ["none of 1 jobs finished"]
