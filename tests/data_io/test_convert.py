"""Conversions: what counts as a number, a date, a key."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.convert import dates, guess, keys, numbers


def column(*values, dtype="str") -> pd.Series:
    return pd.Series(values, index=range(2, len(values) + 2), dtype=dtype)


@pytest.mark.parametrize(("text", "value"), [("3", 3.0), (" 3.50 ", 3.5), ("-.5", -0.5), ("+1e3", 1000.0), ("2.", 2.0)])
def test_plain_numbers_are_read(text, value):
    values, faults = numbers(column(text))
    assert values.tolist() == [value]
    assert faults == []


def test_a_blank_is_missing_and_no_fault():
    values, faults = numbers(column("", "  "))
    assert values.isna().all()
    assert faults == []


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("1,234.50", "thousands"),
        ("3,99", "decimal point"),
        ("1'000", "thousands"),
        ("$3.99", "currency"),
        ("12%", "units"),
        ("two", "alone"),
        ("NaN", "finite"),
        ("-inf", "finite"),
        ("1e400", "finite"),
        ("n/a", "blank"),
        ("0x10", "alone"),
        ("1_000", "alone"),
        ("true", "alone"),
    ],
)
def test_what_is_not_plainly_a_number_is_a_fault_with_its_line_and_mend(text, mend):
    values, (fault,) = numbers(column("1", text))
    assert values.isna().tolist() == [False, True]
    assert fault.lines.tolist() == [3]
    assert mend in fault.mend


def test_faults_of_one_kind_come_together():
    _, faults = numbers(column("two", "1", "three", "1,5"))
    assert [fault.lines.tolist() for fault in faults] == [[2, 4], [5]]


def test_flags_may_be_true_and_false():
    values, faults = numbers(column("True", "false", "1", ""), truth=True)
    assert values.tolist()[:3] == [1.0, 0.0, 1.0]
    assert faults == []
    assert numbers(column(True, False, dtype=bool), truth=True)[0].tolist() == [1.0, 0.0]


def test_numbers_of_frames_keep_missing_and_refuse_infinite():
    values, (fault,) = numbers(column(1.0, np.nan, np.inf, dtype="float64"))
    assert values.isna().tolist() == [False, True, True]
    assert fault.lines.tolist() == [4]
    assert numbers(column(1, None, dtype="Int64"))[0].isna().tolist() == [False, True]
    assert numbers(column(Decimal("1.50"), None, dtype=object))[0].iloc[0] == 1.5


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
@settings(max_examples=50, deadline=None)
def test_every_finite_number_survives_its_text(values):
    read, faults = numbers(column(*map(repr, values)))
    assert read.tolist() == values
    assert faults == []


@pytest.mark.parametrize(
    "text", ["2024-05-06", "2024-05-06 13:30", "2024-05-06T13:30:00Z", "2024-05-06T00:00:00+02:00"]
)
def test_iso_dates_are_read_without_their_zone(text):
    values, faults = dates(column(text))
    assert values.dt.normalize().tolist() == [pd.Timestamp("2024-05-06")]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("5/6/2024", "%d/%m/%Y"),
        ("13.05.2024", "data.date_format"),
        ("2024-02-30", "data.date_format"),
        ("20240506", "%Y%m%d"),
        ("May 6", "data.date_format"),
        ("2204-05-06", "Correct"),
        ("0001-01-01", "Correct"),
    ],
)
def test_an_unclear_date_is_a_fault_and_not_guessed(text, mend):
    values, (fault,) = dates(column("2024-05-06", text))
    assert values.isna().tolist() == [False, True]
    assert fault.lines.tolist() == [3]
    assert mend in fault.mend


def test_a_format_settles_what_a_date_means():
    assert dates(column("1/7/19 0:00"), "%m/%d/%y %H:%M")[0].tolist() == [pd.Timestamp("2019-01-07")]
    assert dates(column("1/7/19"), "%d/%m/%y")[0].tolist() == [pd.Timestamp("2019-07-01")]
    assert dates(column("2024-05-06"), "%d/%m/%Y")[1][0].code == "unreadable-date"


def test_dates_of_frames_are_taken_as_they_are():
    stamps = pd.Series(pd.to_datetime(["2024-05-06", None]))
    assert dates(stamps)[0].equals(stamps.astype("datetime64[us]"))
    assert dates(column(datetime.date(2024, 5, 6), dtype=object))[0].iloc[0] == pd.Timestamp("2024-05-06")
    assert len(dates(pd.Series(pd.to_datetime(["1066-10-14"]).astype("datetime64[s]")))[1]) == 1


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 12, 31)))
@settings(max_examples=50, deadline=None)
def test_every_date_survives_its_text(day):
    assert dates(column(day.isoformat()))[0].iloc[0].date() == day
    assert dates(column(day.strftime("%d.%m.%Y")), "%d.%m.%Y")[0].iloc[0].date() == day


def test_keys_of_numbers_and_texts_are_the_same():
    assert keys(column(123, 7, dtype="int64")).tolist() == ["123", "7"]
    assert keys(column(123.0, np.nan, 2.5, dtype="float64")).tolist() == ["123", "", "2.5"]
    assert keys(column(" 007 ", "NA", None)).tolist() == ["007", "NA", ""]
    assert keys(column(1, None, dtype="Int64")).tolist() == ["1", ""]
    assert keys(pd.Series(pd.Categorical(["x", None]))).tolist() == ["x", ""]


@pytest.mark.parametrize(
    ("values", "numeric"),
    [
        (("1", "2.5", ""), True),
        (("1", "x"), False),
        (("007", "12"), False),
        (("0", "0.5"), True),
        (("", ""), False),
        (("1", "1e400"), False),
    ],
)
def test_an_attribute_is_numeric_only_where_every_value_is_a_number(values, numeric):
    assert pd.api.types.is_numeric_dtype(guess(column(*values)).dtype) == numeric
