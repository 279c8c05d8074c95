"""The panel: every row in its place, gaps as the policy says, choice sets as neighbours."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io import panel as panel_module
from data_io.errors import ResourceError
from data_io.load import load_tables
from data_io.panel import build_panel
from data_io.settings import DataSettings, FeatureSettings, PolicySettings

GAPS = "date,product,price,units,cost,deal,rain\n2024-05-06,a,2,5,1,0,7\n2024-05-27,a,3,6,,1,\n2024-05-20,b,4,7,2,0,1\n"
FEATURES = FeatureSettings(promotion=["deal"], numeric=["rain"])


def panel_of(tables, **policy):
    return build_panel(tables, DataSettings(policy=PolicySettings(**policy)))


def test_unknown_periods_are_not_observed_and_their_prices_are_carried(load):
    panel = panel_of(load(GAPS, features=FEATURES))
    assert panel.periods.tolist() == list(pd.date_range("2024-05-06", periods=4, freq="7D"))
    assert panel.series["product"].tolist() == ["a", "b"]
    assert panel.observed.tolist() == [[True, False, False, True], [False, False, True, False]]
    assert panel.units.tolist() == [[5, 0, 0, 6], [0, 0, 7, 0]]
    assert panel.price.tolist() == [[2, 2, 2, 3], [4, 4, 4, 4]]
    np.testing.assert_array_equal(panel.cost, [[1, np.nan, np.nan, np.nan], [np.nan, np.nan, 2, np.nan]])
    assert panel.promotions[..., 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]
    np.testing.assert_array_equal(panel.numeric[..., 0], [[7, np.nan, np.nan, np.nan], [np.nan, np.nan, 1, np.nan]])
    assert (panel.promotion_names, panel.numeric_names) == (("deal",), ("rain",))


def test_periods_without_rows_can_mean_no_sales_between_the_first_and_the_last(load):
    panel = panel_of(load(GAPS, features=FEATURES), missing_periods="zero")
    assert panel.observed.tolist() == [[True, True, True, True], [False, False, True, False]]
    assert panel.units.tolist() == [[5, 0, 0, 6], [0, 0, 7, 0]]


def test_by_default_missing_periods_mean_no_sales_only_where_orders_were_added_up(load, rows):
    orders = [rows((day, "a", 1.0, 1)) for day in pd.date_range("2024-01-01", "2024-01-14")]
    orders += [rows((day, product, 1.0, 1)) for day in ("2024-01-01", "2024-02-12") for product in "bcd"]
    tables = load(pd.concat(orders), frequency="week")
    assert tables.aggregated == panel_of(tables).observed[1].all()
    assert panel_of(load(GAPS)).observed.sum() == 3


def test_arrays_have_the_documented_types_and_empty_axes(load):
    panel = panel_of(load("date,product,price,units\n2024-05-06,a,2,5\n"))
    assert (panel.units.dtype, panel.price.dtype, panel.cost.dtype) == (np.float32, np.float64, np.float64)
    assert panel.promotions.shape == panel.numeric.shape == (1, 1, 0)
    assert np.isnan(panel.cost).all()


def test_choice_sets_are_neighbours_and_those_above_the_limit_are_split_and_told(load):
    text = "date,product,store,price,units,category\n" + "".join(
        f"2024-05-06,{product},{store},1,1,{category}\n"
        for store in "st"
        for product, category in (("p1", "x"), ("p2", "y"), ("p3", "x"), ("p4", "x"))
    )
    tables = load(text)
    whole = build_panel(tables, DataSettings())
    assert whole.series["product"].tolist() == ["p1", "p3", "p4", "p2"] * 2
    assert whole.series["choice_set"].tolist() == [0, 0, 0, 1, 2, 2, 2, 3]
    assert whole.warnings == ()
    split = build_panel(tables, DataSettings(max_choice_set=2))
    assert split.series["choice_set"].tolist() == [-1, -1, -1, 0, -1, -1, -1, 1]
    assert "2 choice sets" in split.warnings[0]
    assert "6 series" in split.warnings[0]


def test_series_carry_every_attribute(load, contract):
    tables = load(contract.sales, products=contract.products, stores="store,zone,space\nweb,n,3\n")
    panel = panel_of(tables)
    assert panel.categorical_names == ("category", "brand", "family", "zone")
    assert panel.attribute_names == ("size_ml", "space")
    assert panel.series.set_index("product")["size_ml"].to_dict() == {"strap": 60, "case-blue": 400, "case-red": 400}
    assert set(panel.series["space"]) == {3.0}


def test_offers_without_history_are_no_series(load, contract):
    tables = load(contract.sales, offers="product,current_price\nnew,3\nstrap,7\n")
    assert "new" not in set(panel_of(tables).series["product"])


def test_an_absurdly_long_panel_is_refused_with_its_dates(load, contract, monkeypatch):
    monkeypatch.setattr(panel_module, "MAX_CELLS", 1000)
    with pytest.raises(ResourceError, match=r"2024-05-06, 2099-05-25"):
        panel_of(load(contract.sales.replace("2024-05-27,strap", "2099-05-27,strap")))


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.sampled_from("st")),
        st.tuples(st.integers(1, 300), st.integers(0, 9)),
        min_size=1,
    ).filter(lambda cells: any(units for _, units in cells.values())),
    st.sampled_from(["unknown", "zero"]),
)
@settings(max_examples=40, deadline=None)
def test_every_row_of_the_sales_is_found_in_its_cell_and_no_other_cell_has_units(cells, missing):
    frame = pd.DataFrame(
        [(pd.Timestamp("2024-01-04") + pd.Timedelta(7 * t, "D"), p, s, *v) for (t, p, s), v in cells.items()],
        columns=["date", "product", "store", "price", "units"],
    )
    settings_ = DataSettings(frequency="week", offers_max_age=99, policy=PolicySettings(missing_periods=missing))
    tables = load_tables(settings_, sales=frame)
    panel = build_panel(tables, settings_)
    row = {key: i for i, key in enumerate(zip(panel.series["product"], panel.series["store"], strict=True))}
    for sale in tables.sales.itertuples():
        cell = row[sale.product, sale.store], panel.periods.get_loc(sale.date)
        assert panel.observed[cell]
        assert panel.units[cell] == sale.units
        assert panel.price[cell] == sale.price
    assert panel.units.sum() == tables.sales["units"].sum()
    assert (panel.price > 0).all()
    assert (panel.units[~panel.observed] == 0).all()
    if missing == "unknown":
        assert panel.observed.sum() == len(tables.sales)


def test_many_series_are_laid_out_without_a_loop(load):
    series, periods = 5_000, 40
    frame = pd.DataFrame(
        {
            "date": np.tile(pd.date_range("2024-01-01", periods=periods, freq="7D"), series),
            "product": np.repeat([f"p{i}" for i in range(series)], periods),
            "price": 2.0,
            "units": 1,
        }
    )
    tables = load(frame)
    start = time.process_time()
    panel = panel_of(tables)
    assert panel.units.shape == (series, periods)
    assert time.process_time() - start < 2.0  # a loop over series takes ten times as long
