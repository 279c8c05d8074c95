"""Periods: how the calendar is found, where dates go, how rows are added up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.aggregate import aggregate
from data_io.frequency import Calendar, calendar, elapsed, next_period, period_range, snap


def sales(dates, products=("a",)) -> pd.DataFrame:
    dates = pd.to_datetime(list(dates))
    return pd.concat(
        [pd.DataFrame({"date": dates, "product": p, "store": "s", "price": 1.0, "units": 1.0}) for p in products],
        ignore_index=True,
    )


def test_daily_rows_of_a_dense_series_are_daily():
    days = pd.date_range("2024-01-01", periods=60)
    assert calendar(sales(days[days.day_of_week != 6]), None).frequency == "day"


def test_daily_orders_of_sparse_series_are_counted_by_the_week():
    days = pd.date_range("2024-01-01", periods=60)
    frame = pd.concat([sales(days[start::9], [f"p{start}"]) for start in range(9)])
    assert calendar(frame, None) == Calendar("week", 0)


def test_weekly_rows_keep_their_own_weekday():
    assert calendar(sales(pd.date_range("2024-01-04", periods=9, freq="7D")), None) == Calendar("week", 3, nearest=True)


def test_monthly_rows_are_monthly():
    assert calendar(sales(pd.date_range("2024-01-31", periods=9, freq="ME")), None).frequency == "month"


def test_a_single_date_is_taken_for_a_week():
    assert calendar(sales(["2024-05-08"]), None).frequency == "week"


def test_a_declared_frequency_goes_before_the_dates():
    assert calendar(sales(pd.date_range("2024-01-01", periods=60)), "month") == Calendar("month")


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2019-01-06", "2019-01-06"),  # a Sunday
        ("2019-01-07", "2019-01-06"),  # the Monday after
        ("2019-01-05", "2019-01-06"),  # the Saturday before
        ("2019-01-09", "2019-01-06"),
        ("2019-01-10", "2019-01-13"),
    ],
)
def test_a_weekly_date_that_slipped_goes_to_the_nearest_week_start(date, expected):
    moved = Calendar("week", 6, nearest=True).first_days(pd.Series([pd.Timestamp(date)]))
    assert moved.tolist() == [pd.Timestamp(expected)]


@given(st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2050-01-01").date()), st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_an_order_belongs_to_the_week_that_began_before_it(day, weekday):
    (first,) = Calendar("week", weekday).first_days(pd.Series([pd.Timestamp(day) + pd.Timedelta(hours=9)]))
    assert first.day_of_week == weekday
    assert 0 <= (pd.Timestamp(day) - first).days < 7


def test_months_start_on_their_first():
    moved = Calendar("month").first_days(pd.Series([pd.Timestamp("2024-02-29"), pd.Timestamp("2024-03-01 10:00")]))
    assert moved.tolist() == [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-01")]


def test_moved_dates_are_told():
    frame = sales(["2019-01-07", "2019-01-13", "2019-01-20", "2019-01-27"])
    moved, finer, told = snap(frame, calendar(frame, None), "inferred")
    assert moved["date"].iloc[0] == pd.Timestamp("2019-01-06")
    assert not finer
    assert "weeks start on Sunday" in told[0]
    assert "1 row on 1 date moved" in told[1]


def test_orders_are_recognised_and_a_stub_of_a_period_at_the_end_is_left_out():
    frame = sales(pd.date_range("2024-01-01", "2024-02-06"))  # five whole weeks, then a Monday and a Tuesday
    moved, finer, told = snap(frame, Calendar("week"), "declared")
    assert finer
    assert moved["date"].max() == pd.Timestamp("2024-01-29")
    assert any("2024-02-05 is not a whole one: 2 rows left out" in sentence for sentence in told)


def test_periods_are_counted_without_gaps():
    assert len(period_range(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"), "month")) == 12
    assert next_period(pd.Timestamp("2024-12-01"), "month") == pd.Timestamp("2025-01-01")
    assert next_period(pd.Timestamp("2024-02-26"), "week") == pd.Timestamp("2024-03-04")
    dates = pd.Series(pd.to_datetime(["2024-01-01", None]))
    for frequency, expected in (("day", 366.0), ("week", 366 / 7), ("month", 12.0)):
        assert elapsed(dates, pd.Timestamp("2025-01-01"), frequency).iloc[0] == expected
        assert np.isnan(elapsed(dates, pd.Timestamp("2025-01-01"), frequency).iloc[1])


def test_each_kind_of_column_is_added_up_in_its_own_way():
    frame = pd.DataFrame(
        {
            "date": pd.Timestamp("2024-05-06"),
            "product": "a",
            "store": "s",
            "price": [2.0, 4.0, 9.0],
            "units": [30.0, 10.0, 0.0],
            "cost": [1.0, np.nan, 5.0],
            "stock": [7.0, 5.0, np.nan],
            "views": [1.0, 2.0, np.nan],
            "competitor_price": [3.0, np.nan, 5.0],
            "deal": [0.0, 0.5, 0.0],
            "rain": [1.0, 2.0, 6.0],
            "sky": ["grey", "blue", ""],
        }
    )
    (row,) = aggregate(frame, ["deal"], ["rain"], ["sky"]).to_dict("records")
    assert row == {
        **{"date": pd.Timestamp("2024-05-06"), "product": "a", "store": "s", "units": 40.0, "price": 2.5, "cost": 1.0},
        **{"stock": 5.0, "views": 3.0, "competitor_price": 4.0, "deal": 0.5, "rain": 3.0, "sky": "blue"},
    }


def test_a_period_without_sales_has_the_plain_mean_of_its_prices():
    frame = sales(["2024-05-06", "2024-05-06"]).assign(units=0.0, price=[1.0, 2.0])
    assert aggregate(frame, [], [], [])["price"].tolist() == [1.5]


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.integers(1, 999), st.integers(0, 50)),
    min_size=1,
    max_size=30,
)


@given(ROWS)
@settings(max_examples=50, deadline=None)
def test_adding_up_keeps_units_and_keeps_prices_within_those_paid(cells):
    frame = pd.DataFrame(cells, columns=["date", "product", "price", "units"]).astype({"units": float})
    frame = frame.assign(date=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["date"], unit="D"), store="s")
    frame["price"] /= 100
    merged = aggregate(frame, [], [], [])
    assert merged["units"].sum() == frame["units"].sum()
    assert not merged.duplicated(["store", "product", "date"]).any()
    paid = frame.groupby(["store", "product", "date"])["price"].agg(["min", "max"]).reset_index()
    assert (merged["price"].to_numpy() >= paid["min"].to_numpy()).all()
    assert (merged["price"].to_numpy() <= paid["max"].to_numpy()).all()
