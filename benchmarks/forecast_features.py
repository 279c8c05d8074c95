"""What boosted trees are usually given to forecast retail sales. Not for fitting them: see forecast_trees.

Every feature of a row (series, period, lead) is known `lead` periods before: sales only up to period - lead; prices
and promotions up to the period itself, as the backtest defines it.
Axes: L leads, S series, T periods, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.features import distinct_sets
from data_io.types import SalesPanel

LAGS = 4
WINDOWS = (4, 8, 13, 26)  # periods that rolling means look back
MOST_PRICES = 30  # products up to which every product's price is a feature of its own
YEAR = {"day": 365, "week": 52, "month": 12}


class Features(NamedTuple):
    """values [L, S, T, F] float32, NaN where unknown; names and which of them are categories."""

    values: np.ndarray
    names: list[str]
    categorical: list[str]


def features(panel: SalesPanel, leads: Sequence[int]) -> Features:
    """The features of every series and period at these leads."""
    past, known, fixed = _past(panel), _known(panel), _fixed(panel)
    codes = _codes(panel)
    columns = [*past, *known, *fixed, *codes, "lead"]
    at_leads = []
    for lead in leads:
        parts = [
            *(delayed(values, lead) for values in past.values()),
            *known.values(),
            *(np.broadcast_to(values[:, None], panel.units.shape) for values in [*fixed.values(), *codes.values()]),
            np.full(panel.units.shape, lead),
        ]
        at_leads.append(np.stack(parts, -1).astype(np.float32))
    return Features(np.stack(at_leads), columns, list(codes))


def delayed(values: np.ndarray, periods: int) -> np.ndarray:
    """[S, T] values as they stood `periods` before, NaN at the beginning."""
    found = np.full(values.shape, np.nan)
    found[:, periods:] = values[:, : max(values.shape[1] - periods, 0)]
    return found


def _past(panel: SalesPanel) -> dict[str, np.ndarray]:
    """What the end of each period knows of sales, [S, T] each."""
    units = np.where(panel.observed, np.log1p(panel.units), np.nan)
    promoted = (panel.promotions > 0).any(-1)
    found = {f"units_{lag}_before": delayed(units, lag) for lag in range(LAGS)}
    found |= {f"mean_of_{window}": _rolled(units, window) for window in WINDOWS}
    found["spread_of_8"] = _over_time(units, lambda frame: frame.rolling(8, min_periods=2).std())
    found["mean_of_all"] = _over_time(units, lambda frame: frame.expanding().mean())
    found["mean_without_promotion"] = _rolled(np.where(promoted, np.nan, units), 13)
    found["mean_with_promotion"] = _rolled(np.where(promoted, units, np.nan), 26)
    sold = np.where(panel.observed, panel.units, 0)
    for name, key in (("set", _sets(panel)), ("product", pd.factorize(panel.series["product"])[0])):
        total = np.zeros((key.max() + 1, sold.shape[1]))
        np.add.at(total, key, sold)
        found[f"units_of_{name}"] = np.log1p(total)[key]
        found[f"mean_of_4_of_{name}"] = _rolled(found[f"units_of_{name}"], 4)
    return found | {name: panel.numeric[..., i] for i, name in enumerate(panel.numeric_names)}


def _known(panel: SalesPanel) -> dict[str, np.ndarray]:
    """Prices, promotions and calendar, known for the period itself, [S, T] each; and sales of a year before."""
    price, sets = np.log(panel.price), _sets(panel)
    before = delayed(price, 1)
    year = YEAR[panel.frequency]
    found = {
        "price": price,
        "price_before": before,
        "price_over_mean_of_8": price - _rolled(before, 8),
        "price_over_mean_of_all": price - _over_time(before, lambda frame: frame.expanding().mean()),
        "units_a_year_before": delayed(np.where(panel.observed, np.log1p(panel.units), np.nan), year),
        "price_a_year_before": delayed(price, year),
    }
    prices = pd.DataFrame(price)
    count = np.bincount(sets)[sets][:, None]
    mean = ((prices.groupby(sets).transform("sum") - price) / np.maximum(count - 1, 1)).to_numpy()
    found["price_over_rivals"] = np.where(count > 1, price - mean, np.nan)
    found["price_over_cheapest"] = price - prices.groupby(sets).transform("min").to_numpy()
    found |= _promotions(panel, sets)
    products = panel.series["product"]
    if products.nunique() <= MOST_PRICES:
        for product in sorted(products.unique()):
            found[f"price_of_{product}"] = prices.where(products == product).groupby(sets).transform("max").to_numpy()
    day = panel.periods.day_of_year.to_numpy() / 365.25
    calendar = {
        "time": np.arange(len(day)),
        "sine": np.sin(2 * np.pi * day),
        "cosine": np.cos(2 * np.pi * day),
        "part_of_year": day,
        "weekday": panel.periods.day_of_week.to_numpy(),
    }
    return found | {name: np.broadcast_to(values, price.shape) for name, values in calendar.items()}


def _promotions(panel: SalesPanel, sets: np.ndarray) -> dict[str, np.ndarray]:
    found = {}
    for i, name in enumerate(panel.promotion_names):
        depth = panel.promotions[..., i].astype(np.float64)
        total = pd.DataFrame(depth).groupby(sets).transform("sum").to_numpy()
        last = np.maximum.accumulate(np.where(depth > 0, np.arange(depth.shape[1]), -100), axis=1)
        found |= {
            name: depth,
            f"{name}_before": delayed(depth, 1),
            f"{name}_of_rivals": total - depth,
            f"periods_since_{name}": np.arange(depth.shape[1]) - delayed(last, 1),
        }
    return found


def _fixed(panel: SalesPanel) -> dict[str, np.ndarray]:
    return {name: panel.series[name].to_numpy(np.float64) for name in panel.attribute_names}


def _codes(panel: SalesPanel) -> dict[str, np.ndarray]:
    """Codes of the categories, [S] each."""
    names = dict.fromkeys(("product", "store", "category", *panel.categorical_names))
    return {name: pd.factorize(panel.series[name], sort=True)[0] for name in names}


def _sets(panel: SalesPanel) -> np.ndarray:
    return distinct_sets(panel.series["choice_set"].to_numpy())


def _rolled(values: np.ndarray, window: int) -> np.ndarray:
    return _over_time(values, lambda frame: frame.rolling(window, min_periods=1).mean())


def _over_time(values: np.ndarray, summarise: Callable[[pd.DataFrame], pd.DataFrame]) -> np.ndarray:
    """`summarise` runs down the periods of each series."""
    return summarise(pd.DataFrame(values.T)).to_numpy().T
