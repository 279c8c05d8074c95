"""What is last known of every series: enough to complete offers and future tables without the sales themselves.

A saved model carries it. Not for features or demand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from data_io.offers import history as last_known
from data_io.offers import observed_ranges
from data_io.types import Tables


@dataclass(frozen=True)
class History:
    """The end of the sales history.

    Attributes:
        known: as data_io.offers.history returns it, one row per series.
        ranges: per product ``product, observed_min, observed_max``.
        products, stores: attributes by key.
        promotions, numeric, categorical: names of columns, as in Tables.
        frequency, weekday, aggregated: of the calendar; weekday of a period's first day, 0 = Monday.
        last_period: first day of the last period of sales.
    """

    known: pd.DataFrame
    ranges: pd.DataFrame
    products: pd.DataFrame
    stores: pd.DataFrame
    promotions: tuple[str, ...]
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    frequency: str
    weekday: int
    aggregated: bool
    last_period: pd.Timestamp

    def record(self) -> dict[str, Any]:
        """As JSON knows it."""
        frames = {name: _columns(getattr(self, name)) for name in _FRAMES}
        return {**self.__dict__, **frames, "last_period": str(self.last_period.date())}


def history_of(tables: Tables, decimals: int = 2) -> History:
    """The end of the history in `tables`; prices to the data's decimals."""
    sales = tables.sales
    return History(
        known=last_known(sales, tables.promotions, tables.frequency, decimals),
        ranges=observed_ranges(sales),
        products=tables.products,
        stores=tables.stores,
        promotions=tables.promotions,
        numeric=tables.numeric,
        categorical=tables.categorical,
        frequency=tables.frequency,
        weekday=int(sales["date"].dt.day_of_week.iloc[0]),
        aggregated=tables.aggregated,
        last_period=sales["date"].max(),
    )


_FRAMES = ("known", "ranges", "products", "stores")
_DATES = ("priced",)


def from_record(record: dict[str, Any]) -> History:
    """The inverse of History.record."""
    frames = {name: pd.DataFrame(record[name]) for name in _FRAMES}
    for name in _DATES:
        frames["known"][name] = pd.to_datetime(frames["known"][name])
    for name in ("current_price", "cost", "stock", "competitor_price", "age"):
        frames["known"][name] = frames["known"][name].astype(float)
    names = {name: tuple(record[name]) for name in ("promotions", "numeric", "categorical")}
    return History(**{**record, **frames, **names, "last_period": pd.Timestamp(record["last_period"])})


def _columns(frame: pd.DataFrame) -> dict[str, list]:
    """Column -> values, dates as text and unknown values as None."""
    dated = {name: frame[name].dt.strftime("%Y-%m-%d") for name in _DATES if name in frame}
    plain = frame.assign(**dated).astype(object)
    return {str(name): plain[name].where(plain[name].notna(), None).tolist() for name in plain}
