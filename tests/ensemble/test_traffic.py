"""Sales that come and go with traffic: models learn conversion, and the period to price has its own traffic."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.history import history_of
from ensemble.anchor.settings import AnchorSettings
from ensemble.demand import offer_demand, series_of
from ensemble.forecast import forecast
from ensemble.learn import learn
from ensemble.settings import AggregationSettings, EnsembleSettings, GroupSettings, TrainingSettings


@pytest.fixture(scope="module")
def learnt(prepared):
    """By whether the traffic is told: an ensemble of a market whose sales halve and double with it."""
    panel = prepared.panel
    swing = np.log(2) * np.random.default_rng(0).uniform(-1, 1, panel.units.shape).astype(np.float32)
    units = np.random.default_rng(1).poisson(panel.units * np.exp(swing)).astype(np.float32)
    series = panel.series.assign(usual_traffic=100.0)
    told = replace(panel, units=units, traffic=swing, series=series)

    def fit(panel):
        return learn(
            panel,
            history_of(prepared.tables),
            EnsembleSettings(members=2, width=16, groups=[GroupSettings("mlp", "attraction")]),
            TrainingSettings(epochs=8, promise_members=0),
            AggregationSettings("mean"),
            AnchorSettings(heads=["nested"], draws=4, folds=2, steps=9, search_draws=4),
            seed=0,
        )

    return {"told": fit(told), "untold": fit(replace(told, traffic=np.zeros_like(swing)))}


def test_forecasts_miss_less_where_the_traffic_is_told(learnt):
    error = {name: trained.metrics["split"]["validation"]["wape"] for name, trained in learnt.items()}
    assert error["told"] < 0.8 * error["untold"]


def test_the_anchors_noise_is_that_of_conversion(learnt):
    scores = {name: sum(head.scores.sum() for head in one.ensemble.anchor.heads) for name, one in learnt.items()}
    assert scores["told"] > scores["untold"] + 500


def test_twice_the_traffic_buys_twice_the_units_at_any_price(learnt, prepared):
    ensemble = learnt["told"].ensemble
    offers = prepared.tables.offers
    current = offers["current_price"].to_numpy()
    prices = np.stack([current, 1.1 * current])
    usual, twice = (
        np.asarray(offer_demand(ensemble, offers.assign(views=views))(prices)).mean(0) for views in (100.0, 200.0)
    )
    np.testing.assert_allclose(twice, 2 * usual, rtol=1e-4)
    recent = np.asarray(offer_demand(ensemble, offers)(prices)).mean(0)
    traffic = np.exp(ensemble.inputs.traffic[series_of(ensemble, offers), ensemble.window])
    np.testing.assert_allclose(recent, traffic * usual, rtol=1e-4)
    assert np.ptp(traffic) > 0.1


def test_forecasts_follow_the_traffic_of_their_periods(learnt):
    ensemble = learnt["told"].ensemble
    traffic = np.array(ensemble.inputs.traffic)
    traffic[:, ensemble.window :] += np.log(3)
    busy = replace(ensemble, inputs=ensemble.inputs._replace(traffic=traffic))
    usual, many = (forecast(one).table["prediction"] for one in (ensemble, busy))
    np.testing.assert_allclose(many, 3 * usual, rtol=1e-4)


def test_a_future_table_gives_the_traffic_of_its_periods(learnt, prepared):
    ensemble = learnt["told"].ensemble
    rows = ensemble.series[["product", "store"]].iloc[:6]
    future = rows.assign(date=ensemble.periods[0], price=prepared.panel.price[:6, -1], promo=0.0)
    usual, twice, untold = (
        forecast(ensemble, table).table["prediction"]
        for table in (future.assign(views=100.0), future.assign(views=200.0), future)
    )
    np.testing.assert_allclose(twice, 2 * usual, rtol=1e-4)
    assert (untold / usual).std() > 0.01
