"""`-m`: one run directory a job, and one table of all of them."""

import pandas as pd

from data_io.write import verify

QUICK = "experiment=quick"


def test_a_sweep_leaves_every_run_and_a_leaderboard(jointprice):
    ended = jointprice("-m", QUICK, "ensemble.members=2,3", "search.population=16,32")
    assert ended.code == 0, ended.err
    (board,) = ended.place.glob("multirun/*/*/leaderboard.csv")
    rows = pd.read_csv(board)
    assert rows["overrides"].tolist() == [
        f"{QUICK} ensemble.members={members} search.population={population}"
        for members in (2, 3)
        for population in (16, 32)
    ]
    assert (rows["status"] == "done").all()
    assert rows[["objective", "test_wape", "seconds"]].notna().all(axis=None)
    for job, row in zip(rows["run_directory"], rows.to_dict("records"), strict=True):
        verify(board.parent / str(job))
        prices = pd.read_csv(board.parent / str(job) / "prices.csv")
        assert abs(prices["profit"].sum() - row["objective"]) < 1e-6
    assert f"leaderboard: {board.relative_to(ended.place)}" in ended.out


def test_a_job_that_is_refused_loses_no_other_job_and_ends_the_sweep_with_2(jointprice):
    ended = jointprice("-m", QUICK, "search.population=2,16")
    assert ended.code == 2
    assert "search.population must be from 4" in ended.err
    (board,) = ended.place.glob("multirun/*/*/leaderboard.csv")
    rows = pd.read_csv(board)
    assert rows["status"].tolist() == ["refused", "done"]
    assert not (board.parent / "0" / "prices.csv").exists()
    verify(board.parent / "1")
