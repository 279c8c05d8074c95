"""Markdowns in whole runs: prices only fall, the tables agree with each other, rules hold, faults are told."""

import numpy as np
import pandas as pd
import pytest

from data_io.markets import season


@pytest.fixture(scope="module")
def ended(jointprice):
    run = jointprice("experiment=markdown", "markdown.steps=4")
    assert run.code == 0, run.err
    return run


def read(run, name: str) -> pd.DataFrame:
    return pd.read_csv(run.directory / name)


def test_prices_only_fall_along_the_ladder_and_every_table_tells_the_same(ended):
    table, path, values = (read(ended, f"markdown{name}.csv") for name in ("", "_path", "_values"))
    assert len(table) == season.RUNNING
    assert (table["price"] <= table["current_price"]).all()
    assert 0 < (table["price"] < table["current_price"]).sum() < len(table)
    off = 1 - table["price"] / table["first_price"]
    np.testing.assert_allclose(off / season.STEP, (off / season.STEP).round(), atol=0.01)
    first = path.groupby("product", sort=False).first()
    np.testing.assert_allclose(first["price"], table["price"], atol=1e-3)
    assert (path.groupby("product")["price"].diff().dropna() <= 1e-3).all()
    assert set(path["period_of_season"]) == set(range(season.ELAPSED + 1, season.WEEKS + 1))
    chosen = values[values["chosen"]]
    np.testing.assert_allclose(chosen["price"], table["price"])
    np.testing.assert_allclose(chosen["worth"], table["worth"])
    assert (table["worth"] >= values.groupby("product", sort=False)["worth"].max().to_numpy() - 1e-6).all()
    np.testing.assert_allclose(table["units_to_end"] + table["left_over"], table["stock"], rtol=1e-3)
    assert table["money"].sum() == pytest.approx(table["worth"].sum(), rel=0.02)
    summary = ended.json("summary.json")["markdown"]
    assert summary["money"] == pytest.approx(table["money"].sum(), rel=1e-6)
    assert summary["past_seasons"] == season.PAST
    report = (ended.directory / "report.html").read_text("utf-8")
    assert f"{summary['money']:,.2f}" in report
    assert report.count("<figure>") == len(table)


def test_a_rule_that_only_a_forecast_could_judge_is_refused_before_anything_is_read(jointprice, rules):
    run = jointprice("experiment=markdown", rules("- {type: portfolio_margin, min: 0.2}"))
    assert run.code == 2
    assert "portfolio_margin" in run.err
    assert "read" not in run.err


def test_too_few_past_seasons_are_told_with_how_many_there_are(jointprice, tables, write):
    run = jointprice("task=markdown", "rules=none", "data=table", *write(**tables), "markdown.periods=3")
    assert run.code == 2
    assert "only 3 series" in run.err
