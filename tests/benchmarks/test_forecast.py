"""The forecast benchmark compares on the same rows, leaks nothing from later sales, and resumes."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import forecast, forecast_trees
from benchmarks.forecast import asked_rows, main
from benchmarks.forecast_features import features
from benchmarks.forecast_verdicts import change, largest_misses, verdicts
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
    units = np.array([10.0, 20.0, 40.0, 10.0])
    asked = pd.DataFrame({"units": units, "period": [0, 0, 1, 1]})
    off = {
        "ensemble": 2.0,
        "ensemble, prediction_mape": 1.0,
        "naive, last known": 4.0,
        "naive, seasonal": 4.0,
        "LightGBM tuned for WAPE": 1.6,
        "LightGBM tuned for RMSE": 2.5,
        "LightGBM tuned for MAPE": 2.0,
    }
    told = verdicts(asked, {name: units + by for name, by in off.items()}, units - 1, units + np.array([1, 1, -0.5, 1]))
    assert "WAPE of ensemble: +25.0% (standard error 0.0%) against LightGBM tuned for WAPE" in told
    assert "RMSE of ensemble: -20.0% (standard error 0.0%) against LightGBM tuned for RMSE" in told
    mape = "MAPE of ensemble, prediction_mape: -50.0% (standard error 0.0%) against LightGBM tuned for MAPE"
    assert mape in told
    assert pd.Series(told).str.contains("-50.0% .* against naive").sum() == 2
    assert "bias of the ensemble +10.0% (standard error 2.5%)" in told
    assert "its 80 % interval covers 75.0% (standard error 25.0%)" in told


def test_standard_errors_of_differences_are_those_of_periods_drawn_anew():
    random = np.random.default_rng(0)
    period = np.repeat(np.arange(60), 30)
    units = random.lognormal(3, 0.5, len(period))
    shock = np.exp(random.normal(0, 0.4, 60))[period]
    mine, other = units * shock, units * np.sqrt(shock) * random.lognormal(0, 0.3, len(period))
    rows = np.arange(len(period)).reshape(60, 30)
    for metric in ("wape", "rmse", "mape"):
        found, error = change(metric, units, mine, other, period)
        drawn = [rows[random.integers(0, 60, 60)].ravel() for _ in range(2000)]
        again = [change(metric, units[one], mine[one], other[one], period)[0] for one in drawn]
        assert error == pytest.approx(np.std(again), rel=0.1)
        assert found == pytest.approx(np.mean(again), abs=0.5 * error)


def test_the_largest_misses_are_of_products_in_all_stores_and_tell_the_bias_of_the_rest():
    asked = pd.DataFrame(
        {
            "product": ["a", "a", "b", "b", "b"],
            "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-01", "2024-01-08", "2024-01-08"]),
            "units": [50.0, 50.0, 30.0, 10.0, 10.0],
        }
    )
    first, second, last = largest_misses(asked, np.array([20.0, 20.0, 33.0, 5.0, 10.0]))
    assert first == {
        "product": "a",
        "date": "2024-01-01",
        "units": 100,
        "prediction": 40,
        "bias_without": pytest.approx(-0.04),
    }
    assert (second["date"], second["units"], second["bias_without"]) == ("2024-01-08", 20, pytest.approx(0.1))
    assert (last["prediction"], last["bias_without"]) == (33, 0)
