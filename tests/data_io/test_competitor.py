"""Competitor prices with gaps, in the panel and in the market whose truth is known."""

import numpy as np
import pytest

from data_io.competitor import carried, persistence
from data_io.load import load_tables
from data_io.markets.competitor import make
from data_io.panel import build_panel, extend, hide
from data_io.settings import DataSettings


def test_unknown_prices_are_the_last_known_one_drifting_back():
    known = np.array([[np.nan, 0.2, np.nan, np.nan, -0.1], [np.nan] * 5])
    np.testing.assert_allclose(carried(known, 0.5), [[0, 0.2, 0.1, 0.05, -0.1], [0, 0, 0, 0, 0]])


def test_persistence_is_that_of_the_process_though_a_third_is_unknown():
    rng = np.random.default_rng(0)
    values = np.zeros((50, 400))
    for period in range(1, 400):
        values[:, period] = 0.8 * values[:, period - 1] + rng.normal(size=50)
    values[rng.random(values.shape) < 0.3] = np.nan
    assert persistence(values) == pytest.approx(0.8, abs=0.02)
    assert persistence(np.full((3, 4), np.nan)) == 0


def test_the_panel_keeps_competitor_prices_and_hides_those_to_come():
    market = make("passive", 0, stores=2, weeks=30)
    tables = load_tables(DataSettings(), sales=market.sales, products=market.products, offers=market.offers)
    panel = build_panel(tables, DataSettings())
    assert np.isnan(panel.competitor).mean() == pytest.approx(0.3, abs=0.08)
    assert np.isnan(hide(panel, 20).competitor[:, 20:]).all()
    assert np.isnan(extend(panel, 3).competitor[:, -3:]).all()
    np.testing.assert_array_equal(hide(panel, 20).competitor[:, :20], panel.competitor[:, :20])


@pytest.mark.parametrize("variant", ["passive", "reacts"])
def test_a_competitor_who_follows_makes_demand_less_elastic_and_raising_all_prices_pays_more(variant):
    market = make(variant, 3, stores=3)
    passive = make("passive", 3, stores=3)
    assert market.facts["reaction"] == (0.5 if variant == "reacts" else 0)
    assert market.facts["prices_missing"] == 0.3
    steeper = passive.own_elasticity() - market.own_elasticity()
    assert (steeper < 0).all() if variant == "reacts" else (steeper == 0).all()
    lost = 1 - market.expected_units(1.1 * market.hold, np).sum() / market.expected_units(market.hold, np).sum()
    before = 1 - passive.expected_units(1.1 * passive.hold, np).sum() / passive.expected_units(passive.hold, np).sum()
    assert lost < before if variant == "reacts" else lost == before
