"""Turns text (or a DataFrame's own types) into numbers, dates and keys. Not for judging values: see validate.

Each conversion works on the distinct values, returns the converted column and the faults, and never guesses: what is
not plainly a number or a date is a fault with the way to mend it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from pandas.api import types

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SEPARATED = re.compile(r"[+-]?\d[\d.,' \u00a0]*")
CODE = re.compile(r"0\d+")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T].+)?")
SLASHED_DATE = re.compile(r"\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}.*")
YEARS = range(1900, 2101)
TRUTH = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class Fault:
    """Cells that could not be converted: `lines` are labels of the column's index; the rest as in Problem."""

    lines: pd.Index
    code: str
    message: str
    mend: str


class _Unreadable(ValueError):
    """Says why a text is not of the wanted type: code, message, mend."""


def numbers(column: pd.Series, *, truth: bool = False) -> tuple[pd.Series, list[Fault]]:
    """Column -> (float64 with NaN where blank or faulty, faults). `truth` reads true and false as 1 and 0."""
    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        values = column.astype("float64")
        infinite = np.isinf(values.to_numpy())
        if not infinite.any():
            return values, []
        fault = Fault(column.index[infinite], "not-finite", "the number is infinite", _FINITE)
        return values.mask(infinite), [fault]
    words = TRUTH if truth else {}

    def one(text: str) -> float:
        return words[text.lower()] if text.lower() in words else _number(text)

    return _distinct(column, one, np.nan, "float64")


def dates(column: pd.Series, date_format: str | None = None) -> tuple[pd.Series, list[Fault]]:
    """Column -> (datetime64[us] without time zone, NaT where blank or faulty; faults). ISO 8601 unless a format."""
    if types.is_datetime64_any_dtype(column.dtype):
        values = column.dt.tz_localize(None).astype("datetime64[us]")
        absurd = (values.notna() & ~values.dt.year.isin(YEARS)).to_numpy()
        return values.mask(absurd), [Fault(column.index[absurd], *_ABSURD_YEAR)] if absurd.any() else []
    return _distinct(column, lambda text: _date(text, date_format), pd.NaT, "datetime64[us]")


def keys(column: pd.Series) -> pd.Series:
    """Column -> stripped text, blank where missing; 123 and 123.0 give ``123``."""
    if types.is_float_dtype(column.dtype):
        values = column.astype("float64")
        whole = (values == values.round()) & (values.abs() < 2.0**53)
        text = values.astype("str").where(~whole, values.where(whole, 0).astype("int64").astype("str"))
        return text.where(values.notna(), "").astype("str")
    return column.astype("str").fillna("").str.strip()


def guess(column: pd.Series) -> pd.Series:
    """Column -> float64 where every value that is not blank is a number (and no code such as ``007``), else text."""
    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        return column.astype("float64")
    text = keys(column)
    distinct = [value for value in text.unique() if value]
    if not distinct or any(not NUMBER.fullmatch(value) or CODE.fullmatch(value) for value in distinct):
        return text
    values, faults = numbers(text)
    return text if faults else values


def _distinct(
    column: pd.Series, one: Callable[[str], object], missing: object, dtype: str
) -> tuple[pd.Series, list[Fault]]:
    """Convert every distinct text once; group the faulty ones by their reason."""
    codes, texts = pd.factorize(keys(column))
    values, reasons = [], {}
    for code, text in enumerate(texts):
        value = missing
        if text:
            try:
                value = one(text)
            except _Unreadable as error:
                reasons.setdefault(error.args, []).append(code)
        values.append(value)
    converted = pd.Series(pd.array(values, dtype=dtype).take(codes), index=column.index, name=column.name)
    return converted, [Fault(column.index[np.isin(codes, bad)], *args) for args, bad in reasons.items()]


_FINITE = "Give a finite number, or leave the cell blank where it is unknown"
_ABSURD_YEAR = (
    "absurd-date",
    f"the year is not between {YEARS[0]} and {YEARS[-1]}",
    "Correct the date, or state its form: data.date_format",
)


def _number(text: str) -> float:
    if NUMBER.fullmatch(text):
        value = float(text)
        if np.isinf(value):
            raise _Unreadable("not-finite", "the number is too large", _FINITE)
        return value
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity", "na", "n/a", "null", "none"):
        mend = _FINITE
    elif SEPARATED.fullmatch(text):
        mend = "Write it with a decimal point and without thousands separators, e.g. 1234.50"
    else:
        mend = "Write the number alone, e.g. 1234.50, without units or currency signs"
    raise _Unreadable("not-a-number", "expected a number", mend)


def _date(text: str, date_format: str | None) -> datetime:
    try:
        if date_format:
            value = datetime.strptime(text, date_format)
        elif ISO_DATE.fullmatch(text):
            value = datetime.fromisoformat(text)
        else:
            raise ValueError
    except ValueError:
        raise _Unreadable("unreadable-date", *_date_advice(text, date_format)) from None
    if value.year not in YEARS:
        raise _Unreadable(*_ABSURD_YEAR)
    return value.replace(tzinfo=None)


def _date_advice(text: str, date_format: str | None) -> tuple[str, str]:
    if date_format:
        return f"expected a date of the form {date_format}", "Correct it, or change data.date_format"
    if SLASHED_DATE.fullmatch(text) and not ISO_DATE.fullmatch(text):
        return (
            "the order of day, month and year is ambiguous",
            "State it, e.g. data.date_format='%d/%m/%Y' or '%m/%d/%Y'",
        )
    return (
        "expected a date such as 2024-05-31",
        "Correct it, or state the form: data.date_format, e.g. '%Y%m%d'",
    )
