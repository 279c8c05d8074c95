"""Dispatch, failures and sweeps, with tasks of our own in place of the real ones."""

import json

import pytest

from data_io.errors import ConfigError, InfeasibleError, InputError, NotFoundError, Problem, ResourceError
from data_io.write import verify

SUMMARY = {"status": "done", "task": "run", "objective": {"name": "profit", "current": 1.0, "recommended": 2.0}}


def raising(error):
    def execute(config, output):
        (output / "prices.csv").write_text("product,price\n", "utf-8")
        raise error

    return execute


def test_a_task_gets_its_settings_and_its_own_folder(run_here, the_run):
    seen = {}

    def execute(config, output):
        seen.update(members=config.ensemble.members, output=output)
        return SUMMARY

    assert run_here(execute, "ensemble.members=3") == 0
    assert seen == {"members": 3, "output": the_run()}


def test_results_go_to_stdout_and_nothing_else_does(run_here, the_run, tmp_path, capfd):
    assert run_here(lambda config, output: SUMMARY) == 0
    told = capfd.readouterr()
    assert told.out == (f"run: done · profit 1.00 -> 2.00 in the model\nfiles: {the_run().relative_to(tmp_path)}\n")
    assert told.err == ""


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (ConfigError("no such rule"), 2, "refused"),
        (InputError([Problem("price-not-a-number", "expected a number", "Mend it", row=3)]), 2, "refused"),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), 2, "refused"),
        (InfeasibleError("the margin cannot hold"), 3, "infeasible"),
        (NotFoundError("no feasible prices found"), 3, "not_found"),
        (ResourceError("no disk"), 4, "out_of_resources"),
        (MemoryError(), 4, "out_of_resources"),
        (OSError(28, "No space left on device", "x"), 4, "out_of_resources"),
        (type("XlaRuntimeError", (RuntimeError,), {})("RESOURCE_EXHAUSTED: out of memory"), 4, "out_of_resources"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ZeroDivisionError("division by zero"), 1, "failed"),
    ],
)
def test_a_failure_gives_its_exit_code_one_message_and_no_prices(run_here, the_run, capfd, error, code, status):
    assert run_here(raising(error)) == code
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err.startswith("jointprice: ")
    assert "Traceback" not in told.err
    left = json.loads((the_run() / "error.json").read_text("utf-8"))
    assert (left["exit_code"], left["status"]) == (code, status)
    assert left["message"] in told.err
    assert not (the_run() / "prices.csv").exists()
    assert (the_run() / "manifest.json").exists() == (code == 3)


def test_infeasible_rules_leave_a_complete_run_whose_summary_says_so(run_here, the_run):
    conflicts = [{"rules": ["rules[0]", "rules[1]"]}]
    run_here(raising(NotFoundError("no feasible prices found", conflicts)), "seed=5")
    summary = json.loads((the_run() / "summary.json").read_text("utf-8"))
    assert summary == {
        "status": "not_found",
        "task": "run",
        "seed": 5,
        "message": "no feasible prices found",
        "conflicts": conflicts,
    }
    verify(the_run())


def test_a_summary_that_the_task_wrote_before_it_failed_is_kept(run_here, the_run):
    def execute(config, output):
        (output / "summary.json").write_text('{"status": "infeasible", "rules": []}', "utf-8")
        raise InfeasibleError("the margin cannot hold")

    run_here(execute)
    assert json.loads((the_run() / "summary.json").read_text("utf-8"))["rules"] == []


def test_debug_shows_the_traceback(run_here, capfd):
    run_here(raising(ZeroDivisionError("division by zero")), "debug=true")
    assert "Traceback" in capfd.readouterr().err


def test_a_setting_taken_away_falls_back_to_its_default_even_where_the_run_fails(run_here, capfd):
    assert run_here(raising(ConfigError("no such rule")), "~debug", "~task", "~seed") == 2
    assert capfd.readouterr().err == "jointprice: no such rule\n"


def test_two_runs_of_one_second_have_two_folders(run_here, tmp_path):
    for _ in range(3):
        run_here(lambda config, output: SUMMARY)
    assert len(list(tmp_path.glob("outputs/*/*"))) == 3


def test_a_failing_job_loses_no_other_job_and_the_sweep_tells_the_worst(run_here, tmp_path, capfd):
    def execute(config, output):
        if config.seed == 1:
            raise InfeasibleError("the margin cannot hold")
        (output / "summary.json").write_text(json.dumps(SUMMARY), "utf-8")
        return SUMMARY

    assert run_here(execute, "-m", "seed=0,1,2") == 3
    (sweep,) = tmp_path.glob("multirun/*/*")
    lines = (sweep / "leaderboard.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["0", "seed=0", "done"],
        ["1", "seed=1", "infeasible"],
        ["2", "seed=2", "done"],
    ]
    told = capfd.readouterr()
    assert "the margin cannot hold" in told.err
    assert "best profit in the model: job 0 (seed=0)" in told.out


def test_a_sweep_in_which_all_jobs_are_done_ends_with_zero(run_here):
    assert run_here(lambda config, output: SUMMARY, "-m", "seed=0,1") == 0


def test_a_job_returns_the_metric_of_the_sweep_and_nothing_after_a_failure(run_here, monkeypatch):
    from hydra.core.utils import JobReturn

    returned = []
    monkeypatch.setattr(
        JobReturn, "return_value", property(lambda job: None, lambda job, value: returned.append(value))
    )

    def execute(config, output):
        if config.seed == 1:
            raise ConfigError("no such rule")
        (output / "summary.json").write_text(json.dumps(SUMMARY), "utf-8")
        (output / "metrics.json").write_text('{"split": {"validation": {"wape": 0.25}}}', "utf-8")
        return SUMMARY

    run_here(execute, "-m", "seed=0,1")
    run_here(execute, "-m", "sweep.metric=objective,promised")
    assert returned == [0.25, None, 2.0, None]


def test_an_interrupted_sweep_ends_with_130_at_once(run_here, tmp_path):
    assert run_here(raising(KeyboardInterrupt()), "-m", "seed=0,1") == 130
    assert len(list(tmp_path.glob("multirun/*/*/*/error.json"))) == 1
