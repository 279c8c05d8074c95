"""The time that is left of a stage or a sweep, in words."""

import os
import time

import pytest

from jointprice import remaining


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (1, 4, 10.0, "about 30 s left"),
        (3, 4, 0.1, "about 1 s left"),
        (1, 10, 20.0, "about 3 min left"),
        (1, 100, 300.0, "about 8.2 h left"),
        (0, 4, 10.0, ""),
        (4, 4, 10.0, ""),
        (2, None, 10.0, ""),
    ],
)
def test_what_is_left_is_told_in_the_unit_that_fits(done, total, seconds, said):
    assert remaining.words(done, total, seconds) == said


@pytest.mark.parametrize(
    ("overrides", "trials", "jobs"),
    [
        (["seed=0,1,2", "search=random,genetic", "objective.risk=0.5"], None, 6),
        (["seed=range(0,5)"], None, 5),
        (["objective.risk=interval(0,1)"], 12, 12),
    ],
)
def test_a_sweep_has_every_combination_or_the_trials_that_were_asked(monkeypatch, overrides, trials, jobs):
    monkeypatch.delenv(remaining.SWEEP, raising=False)
    remaining.begin_sweep(overrides, trials)
    assert int(os.environ[remaining.SWEEP].split()[1]) == jobs


def test_jobs_that_were_kept_from_before_do_not_make_the_rest_look_fast(monkeypatch, tmp_path):
    monkeypatch.setenv(remaining.SWEEP, f"{time.time() - 60} 10")
    assert remaining.of_sweep(tmp_path) == "0 of 10 jobs"
    for number, age in enumerate((4000, 4000, 30, 5)):
        (tmp_path / str(number)).mkdir()
        end = tmp_path / str(number) / ("error.json" if age == 30 else "summary.json")
        end.write_text("{}", "utf-8")
        os.utime(end, (time.time() - age,) * 2)
    assert remaining.of_sweep(tmp_path) == "4 of 10 jobs, about 3 min left"
    monkeypatch.delenv(remaining.SWEEP)
    assert remaining.of_sweep(tmp_path) == ""
