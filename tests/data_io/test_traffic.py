"""Traffic: relative to the series' usual, recent where it is to come, the offers' own where they give it."""

import numpy as np
import pandas as pd
import pytest

from data_io.errors import InputError
from data_io.history import history_of
from data_io.load import load_future
from data_io.panel import build_panel, extend, hide
from data_io.settings import DataSettings, FeatureSettings
from data_io.traffic import at_usual_traffic, of_rows

SALES = """\
date,product,price,units,views
2024-05-06,a,2,5,100
2024-05-13,a,2,20,400
2024-05-20,a,2,0,0
2024-05-27,a,2,3,
2024-06-03,a,2,9,100
"""


def test_traffic_is_relative_to_the_usual_and_the_unknown_is_the_usual(load):
    panel = build_panel(load(SALES), DataSettings())
    assert panel.series["usual_traffic"].tolist() == [200]
    np.testing.assert_allclose(np.exp(panel.traffic), [[0.5, 2, 1, 1, 0.5]], rtol=1e-6)
    np.testing.assert_allclose(at_usual_traffic(panel).units, [[10, 10, 0, 3, 18]], rtol=1e-6)
    assert "views × conversion" in panel.warnings[0]


def test_a_row_that_nobody_saw_tells_nothing(load):
    assert build_panel(load(SALES), DataSettings()).observed.tolist() == [[True, True, False, True, True]]


def test_the_traffic_to_come_is_the_recent_mean_of_what_is_known(load):
    panel = build_panel(load(SALES), DataSettings())
    assert np.exp(extend(panel, 2).traffic[0, -2:]) == pytest.approx(1.0)
    assert np.exp(hide(panel, 2).traffic[0]) == pytest.approx([0.5, 2, 1.25, 1.25, 1.25])


def test_sessions_are_traffic_too_and_a_declared_feature_is_not(load):
    sessions = SALES.replace("views", "sessions")
    assert build_panel(load(sessions), DataSettings()).traffic.any()
    declared = build_panel(load(SALES, features=FeatureSettings(numeric=["views"])), DataSettings())
    assert not declared.traffic.any()
    assert "usual_traffic" not in declared.series
    assert declared.numeric_names == ("views",)


def test_offers_say_their_own_traffic_where_they_know_it():
    offers = pd.DataFrame({"views": [300.0, np.nan, 50.0]})
    found = of_rows(offers, np.array([100.0, 100.0, 0.0]), np.array([0.1, 0.2, 0.3]))
    np.testing.assert_allclose(found, [np.log(3), 0.2, 0.3])
    np.testing.assert_array_equal(of_rows(offers[[]], np.ones(3), np.arange(3.0)), np.arange(3.0))


def test_a_future_table_says_its_own_traffic(load):
    tables = load(SALES)
    history = history_of(tables, 2)
    future = pd.DataFrame(
        {"date": ["2024-06-10", "2024-06-17"], "product": "a", "price": 2.0, "views": [300.0, np.nan]}
    )
    found = load_future(DataSettings(), history, future=future)
    assert found["views"].fillna(-1).tolist() == [300, -1]
    with pytest.raises(InputError, match="views cannot be negative"):
        load_future(DataSettings(), history, future=future.assign(views=-1.0))


def test_negative_traffic_is_refused_in_sales_and_offers(load):
    with pytest.raises(Exception, match="views cannot be negative"):
        load(SALES.replace("400", "-4"))
    with pytest.raises(Exception, match="views cannot be negative"):
        load(SALES, offers="product,current_price,views\na,2,-1\n")
