"""Sales as seasons: every series' periods counted from its first sale. Not for estimating anything.

Axes: N series (one product in one store), T periods of a season.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_io.errors import ConfigError

KEYS = ["product", "store"]


@dataclass(frozen=True)
class Seasons:
    """What is known of N series by period of their season.

    Attributes:
        keys: [N] rows, product and store.
        first_price: [N] price of the first period; stock: [N] units at its start.
        ratio: [N, T] price over first price; units: [N, T] sold. Both 0 where not seen.
        seen: [N, T] bool. censored: [N, T] bool, all that was left was sold: demand was at least the units.
    """

    keys: pd.DataFrame
    first_price: np.ndarray
    stock: np.ndarray
    ratio: np.ndarray
    units: np.ndarray
    seen: np.ndarray
    censored: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, chosen: np.ndarray) -> Seasons:
        """Some of the series, by row numbers or flags."""
        parts = {name: part[chosen] for name, part in vars(self).items() if name != "keys"}
        return Seasons(self.keys.iloc[chosen], **parts)


def seasons_of(sales: pd.DataFrame, periods: pd.DatetimeIndex, length: int) -> tuple[Seasons, np.ndarray]:
    """All series of the sales, their first `length` periods, and [N] how many periods ago each began (1 = the last).

    Args:
        sales: rows in the columns of Tables.sales. periods: the calendar without gaps, to the last period of sales.

    Raises:
        ConfigError: no series has a stock in its first period.
    """
    if "stock" not in sales or sales["stock"].isna().all():
        raise ConfigError(
            "task=markdown needs the stock at the start of each period: without it, a product that sold out looks like "
            "one that nobody wanted. Add a stock column to the sales (data.columns.stock=…)."
        )
    rows = sales.sort_values([*KEYS, "date"])
    number = rows.groupby(KEYS, sort=False).ngroup().to_numpy()
    begins = np.flatnonzero(np.diff(number, prepend=-1))
    place = periods.get_indexer(rows["date"])
    period = place - place[begins][number]
    inside = period < length
    shape = (len(begins), length)
    ratio, units = np.zeros(shape), np.zeros(shape)
    seen, censored = np.zeros(shape, bool), np.zeros(shape, bool)
    at = number[inside], period[inside]
    price, sold, stock = (rows[name].to_numpy(np.float64) for name in ("price", "units", "stock"))
    ratio[at] = (price / price[begins][number])[inside]
    units[at], seen[at] = sold[inside], True
    censored[at] = (sold >= stock)[inside]
    keys = rows.iloc[begins][KEYS].reset_index(drop=True)
    found = Seasons(keys, price[begins], stock[begins], ratio, units, seen, censored)
    return found, len(periods) - place[begins]
