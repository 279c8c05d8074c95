"""The calendar of the sales: day, week or month, where its periods start, and which period a date falls into.

Not for adding rows up: see aggregate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_io.clean import counted

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STEP = {"day": "D", "week": "7D", "month": "MS"}
DENSE = 3 / 7
"""A series with rows on fewer of its days than this is too sparse for daily periods."""


@dataclass(frozen=True)
class Calendar:
    """How dates fall into periods.

    Attributes:
        frequency: ``day``, ``week`` or ``month``.
        weekday: first day of the week, 0 = Monday.
        nearest: weekly tables whose day slips (a holiday) go to the nearest week start instead of the one before.
    """

    frequency: str
    weekday: int = 0
    nearest: bool = False

    def first_days(self, dates: pd.Series) -> pd.Series:
        """Dates [N] -> first day of each one's period [N]."""
        if self.frequency == "month":
            return dates.dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
        days = dates.dt.normalize()
        if self.frequency == "day":
            return days
        late = (days.dt.day_of_week - self.weekday) % 7
        if self.nearest:
            late = late - 7 * (late > 3)
        return days - pd.to_timedelta(late, unit="D")

    def describe(self) -> str:
        start = f", weeks start on {WEEKDAYS[self.weekday]}" if self.frequency == "week" else ""
        return f"one period is a {self.frequency}{start}"


def calendar(sales: pd.DataFrame, declared: str | None) -> Calendar:
    """The calendar of cleaned sales (columns date, product, store): the declared frequency, or the inferred one."""
    days = sales["date"].dt.normalize()
    frequency = declared or infer(days, sales)
    if frequency != "week":
        return Calendar(frequency)
    share = days.dt.day_of_week.value_counts(normalize=True).sort_index()
    if share.max() <= 0.5:  # rows all over the week: orders, counted in calendar weeks
        return Calendar("week")
    return Calendar("week", int(share.idxmax()), nearest=True)


def infer(days: pd.Series, sales: pd.DataFrame) -> str:
    """Frequency from the median gap between distinct days; daily rows of sparse series count by the week.

    Sparse: the median series has rows on fewer than `DENSE` of the days from its first to the last of all.
    """
    distinct = np.sort(days.unique())
    if len(distinct) < 2:
        return "week"
    gap = np.median(np.diff(distinct) / np.timedelta64(1, "D"))
    if gap > 17:
        return "month"
    if gap > 3.5:
        return "week"
    rows = days.groupby([sales["store"], sales["product"]], sort=False).agg(["min", "nunique"])
    span = (days.max() - rows["min"]).dt.days + 1
    return "day" if (rows["nunique"] / span).median() >= DENSE else "week"


def snap(sales: pd.DataFrame, known: Calendar, stated: str) -> tuple[pd.DataFrame, bool, list[str]]:
    """Move dates to the first day of their period.

    Args:
        sales: cleaned rows, dates as given.
        known: the calendar; `stated` says whether it was declared or inferred.

    Returns:
        The rows, whether they are finer than the calendar (orders), and what was done in sentences. Of finer rows
        a first or last period with less than half of the usual days is left out: it is not a whole one.
    """
    days = sales["date"].dt.normalize()
    first = known.first_days(sales["date"])
    per_period = days.groupby(first).nunique()
    finer = bool(sales["date"].groupby(first).nunique().median() > 1)
    told = [f"The frequency is {stated}: {known.describe()}."]
    if finer:
        told.append(f"Rows finer than a {known.frequency} are added up to it.")
        partial = per_period.index[[0, -1]][per_period.iloc[[0, -1]].to_numpy() < per_period.median() / 2]
        if len(per_period) > 3 and len(partial):
            out = first.isin(partial)
            dates = ", ".join(f"{date:%Y-%m-%d}" for date in partial)
            told.append(
                f"The {known.frequency} of {dates} is not a whole one: {counted(int(out.sum()), 'row')} left out."
            )
            sales, first = sales[~out], first[~out]
    elif (moved := first != days).any():
        told.append(
            f"{counted(int(moved.sum()), 'row')} on {counted(days[moved].nunique(), 'date')} moved to the first day "
            f"of the {known.frequency}."
        )
    return sales.assign(date=first), finer, told


def period_range(first: pd.Timestamp, last: pd.Timestamp, frequency: str) -> pd.DatetimeIndex:
    """All first days from the first period to the last, without gaps."""
    return pd.date_range(first, last, freq=STEP[frequency])


def next_period(last: pd.Timestamp, frequency: str) -> pd.Timestamp:
    """First day of the period after `last`."""
    return pd.date_range(last, periods=2, freq=STEP[frequency])[1]


def elapsed(dates: pd.Series, last: pd.Timestamp, frequency: str) -> pd.Series:
    """Whole periods from each date (a first day) to `last`, float64, NaN where there is no date."""
    if frequency == "month":
        return (last.year - dates.dt.year) * 12.0 + (last.month - dates.dt.month)
    return (last - dates).dt.days / (7.0 if frequency == "week" else 1.0)
