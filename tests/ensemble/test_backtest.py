"""The rolling-origin backtest forecasts the periods it says, and no sale of them or after leaks into it."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.errors import ConfigError
from data_io.history import history_of
from ensemble.anchor.settings import AnchorSettings
from ensemble.backtest import backtest, backtest_metrics, origins
from ensemble.settings import AggregationSettings, BacktestSettings, EnsembleSettings, GroupSettings, TrainingSettings

RESPONSE = AnchorSettings(heads=["elasticity"], draws=2, folds=2, steps=6)


def run(prepared, panel=None, **settings):
    return list(
        backtest(
            panel or prepared.panel,
            history_of(prepared.tables),
            EnsembleSettings(members=2, width=8, groups=[GroupSettings()]),
            TrainingSettings(epochs=2, promise_members=0),
            AggregationSettings(),
            RESPONSE,
            BacktestSettings(**{"rounds": 2, "gap": 2, "horizon": 2, **settings}),
            seed=0,
        )
    )


@pytest.fixture(scope="module")
def rounds(prepared):
    return run(prepared)


def test_rounds_step_by_the_horizon_leave_the_gap_blank_and_end_at_the_last_period(rounds, prepared):
    dates = [sorted(one.forecast.table["date"].unique()) for one in rounds]
    assert dates == [list(prepared.panel.periods[56:58]), list(prepared.panel.periods[58:60])]
    assert origins(60, BacktestSettings(rounds=2, gap=2, horizon=2)) == [55, 57]


def test_sales_that_were_not_known_change_no_forecast(rounds, prepared):
    panel = prepared.panel
    units = panel.units.copy()
    units[:, 55:] = units[:, 55:] * 9 + 100
    changed = run(prepared, replace(panel, units=units))[0].forecast.table
    same = ["prediction", "prediction_mape", "p10", "p90"]
    assert changed[same].equals(rounds[0].forecast.table[same])
    assert (changed["units"] > rounds[0].forecast.table["units"]).all()


def test_known_prices_of_the_forecast_periods_do_change_forecasts(rounds, prepared):
    price = prepared.panel.price.copy()
    price[:, 56:58] *= 1.2
    changed = run(prepared, replace(prepared.panel, price=price))[0].forecast.table
    assert changed["prediction"].sum() < rounds[0].forecast.table["prediction"].sum()


def test_warm_rounds_go_on_from_the_round_before(rounds, prepared):
    warm = run(prepared, refit="warm", warm_epochs=1)
    np.testing.assert_array_equal(warm[0].forecast.table["prediction"], rounds[0].forecast.table["prediction"])
    assert not np.array_equal(warm[1].forecast.table["prediction"], rounds[1].forecast.table["prediction"])


def test_metrics_are_of_all_rounds_together(rounds):
    found = backtest_metrics(rounds)
    assert found["split"]["test"]["rows"] == 2 * 2 * 96
    assert found["naive"]["rows"] == found["members"][1]["rows"] == 2 * 2 * 96
    assert found["split"]["test"]["wape"] < found["naive"]["wape"]


def test_a_history_too_short_for_the_rounds_is_refused(prepared):
    with pytest.raises(ConfigError, match=r"Lower backtest\.rounds"):
        run(prepared, rounds=30)
