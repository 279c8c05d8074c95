"""The forecast benchmark compares on the same rows, leaks nothing from later sales, and resumes."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast, forecast_trees
from benchmarks.forecast import asked_rows, main, verdicts
from benchmarks.forecast_features import features
from data_io.settings import DataSettings
from ensemble.backtest import origins
from ensemble.settings import BacktestSettings
from jointprice.prepare import prepare

SETTINGS = BacktestSettings(rounds=2, gap=2, horizon=2)
KNOWN = 55  # of the market's 60 periods, in the first of these rounds
TINY = [
    *("--rounds", "2", "--gap", "2", "--horizon", "2", "--members", "2", "--trials", "1"),
    "training.epochs=1",
    "training.refit=false",
    "ensemble.width=8",
    "ensemble.groups=[{body: mlp, head: elasticity}]",
]


@pytest.fixture(scope="module")
def panel():
    return prepare(DataSettings()).panel


@pytest.fixture(scope="module")
def later_sales_changed(panel):
    units = panel.units.copy()
    units[:, KNOWN:] = units[:, KNOWN:] * 9 + 100
    return replace(panel, units=units)


@pytest.fixture
def few_trees(monkeypatch):
    pytest.importorskip("lightgbm", reason="needs the extra bench")
    monkeypatch.setattr(forecast_trees, "MOST_TREES", 5)


def test_features_know_no_sales_within_the_lead(panel, later_sales_changed):
    before, after = (features(one, [2, 3]).values for one in (panel, later_sales_changed))
    for place, lead in enumerate((2, 3)):
        np.testing.assert_array_equal(before[place, :, : KNOWN + lead], after[place, :, : KNOWN + lead])
        assert not np.array_equal(before[place, :, KNOWN + lead], after[place, :, KNOWN + lead], equal_nan=True)


def test_features_of_a_lead_tell_the_last_known_sales_and_the_prices_of_the_period(panel):
    built = features(panel, [3])
    named = dict(zip(built.names, np.moveaxis(built.values[0], -1, 0), strict=True))
    np.testing.assert_allclose(named["units_0_before"][:, 10], np.log1p(panel.units[:, 7]), rtol=1e-6)
    np.testing.assert_allclose(named["price"][:, 10], np.log(panel.price[:, 10]), rtol=1e-6)
    np.testing.assert_allclose(named["mean_of_4"][:, 10], np.log1p(panel.units[:, 4:8]).mean(1), rtol=1e-5)


def test_the_trees_learn_and_forecast_without_later_sales(panel, later_sales_changed, few_trees, tmp_path):
    found = [
        forecast_trees.forecasts(one, SETTINGS, 2, tmp_path / f"{name}.jsonl")[0]
        for name, one in (("before", panel), ("after", later_sales_changed))
    ]
    for metric in ("wape", "rmse", "mape"):
        np.testing.assert_array_equal(found[0][metric][0], found[1][metric][0])
        assert not np.array_equal(found[0][metric][1], found[1][metric][1])


def test_finished_trials_are_not_run_again_unless_the_sales_differ(
    panel, later_sales_changed, few_trees, tmp_path, monkeypatch
):
    kept, built = tmp_path / "trials.jsonl", features(panel, [2, 3])
    first = forecast_trees.tune(panel, built, SETTINGS, 2, kept, 0)
    with kept.open("a") as file:
        file.write('["cut off')
    monkeypatch.setattr(forecast_trees, "_curves", lambda *_: pytest.fail("ran a trial again"))
    assert forecast_trees.tune(panel, built, SETTINGS, 2, kept, 0) == first
    with pytest.raises(pytest.fail.Exception):
        forecast_trees.tune(later_sales_changed, built, SETTINGS, 2, kept, 0)


def test_a_relative_target_asks_for_the_value_of_least_absolute_percentage_error():
    target = forecast_trees.STUDIES["relative"][1]["log_l1"]
    units = np.random.default_rng(0).lognormal(3, 1, 400) + 1
    tried = np.linspace(2, 60, 500)
    loss = [(target.weights(units) * np.abs(target.of(units) - target.of(value))).sum() for value in tried]
    percentage = [(np.abs(units - value) / units).sum() for value in tried]
    assert tried[np.argmin(loss)] == pytest.approx(tried[np.argmin(percentage)], rel=0.05)
    np.testing.assert_allclose(target.units(target.of(units)), units)


def test_the_naive_forecasts_are_the_last_known_and_those_of_a_year_before(panel):
    asked = asked_rows(panel, SETTINGS)
    assert origins(len(panel.periods), SETTINGS)[0] == KNOWN
    first = asked[asked["round"] == 0]
    np.testing.assert_array_equal(first["last_known"], panel.units[first["row"], KNOWN - 1])
    np.testing.assert_array_equal(first["seasonal"], panel.units[first["row"], first["period"] - 52])
    assert sorted(first["period"].unique()) == [56, 57]


def test_a_year_before_that_is_not_known_yet_is_not_used(panel, monkeypatch):
    monkeypatch.setitem(forecast.YEAR, panel.frequency, 2)
    last = asked_rows(panel, SETTINGS).query("round == 0 and period == 57")
    np.testing.assert_array_equal(last["seasonal"], panel.units[last["row"], 53])


@pytest.mark.nightly
def test_all_forecasters_are_compared_on_the_same_rows_and_a_second_call_trains_nothing(
    few_trees, tmp_path, capsys, monkeypatch
):
    out, run = tmp_path / "forecast.json", tmp_path / "run"
    main([*TINY, "--run", str(run), "--out", str(out)])
    printed, result = capsys.readouterr().out, json.loads(out.read_text())
    assert "LightGBM tuned for WAPE" in printed
    assert {"date", "machine", "arguments", "verdicts", "trees"} <= set(result)
    assert result["rows"] == 2 * 2 * 96
    assert str(tmp_path) not in out.read_text()
    by_name = {row["forecaster"]: row for row in result["table"]}
    own = [row["wape"] for name, row in by_name.items() if name.startswith("member ")]
    assert by_name["the members' own, on average"]["wape"] == pytest.approx(np.mean(own))

    monkeypatch.setattr(forecast, "train", lambda *_: pytest.fail("trained again"))
    main([*TINY, "--run", str(run), "--out", str(out)])
    assert json.loads(out.read_text())["table"] == [pytest.approx(row) for row in result["table"]]

    with pytest.raises(SystemExit, match="not the 192 rows"):
        main([*TINY, "--rounds", "1", "--run", str(run), "--out", str(out)])


def test_verdicts_compare_each_metric_with_the_trees_tuned_for_it():
    rows = {
        "ensemble": {"wape": 0.4, "rmse": 8.0, "bias": 0.01, "coverage80": 0.8},
        "ensemble, prediction_mape": {"mape": 0.3},
        "the members' own, on average": {"wape": 0.5},
        "naive, last known": {"wape": 0.8},
        "naive, seasonal": {"wape": 0.8},
        "LightGBM tuned for WAPE": {"wape": 0.32},
        "LightGBM tuned for RMSE": {"rmse": 10.0},
        "LightGBM tuned for MAPE": {"mape": 0.2},
    }
    told = verdicts([{"forecaster": name, **row} for name, row in rows.items()])
    assert "WAPE of ensemble 0.4, +25.0% against LightGBM tuned for WAPE" in told
    assert "RMSE of ensemble 8, -20.0% against LightGBM tuned for RMSE" in told
    assert pd.Series(told).str.contains("-50.0% against naive").sum() == 2
