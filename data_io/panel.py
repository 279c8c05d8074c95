"""Lays the sales out as dense arrays, series × periods. Not for features: see features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from data_io.clean import counted
from data_io.errors import ResourceError
from data_io.frequency import period_range
from data_io.settings import DataSettings
from data_io.traffic import recent, relative_traffic, traffic_column
from data_io.types import SalesPanel, Tables

MAX_CELLS = 200_000_000
"""Largest panel, series × periods: a mistyped year would make it absurdly long."""


def build_panel(tables: Tables, settings: DataSettings) -> SalesPanel:
    """Arrange tables.sales as a SalesPanel.

    Series are sorted by store, category, product, so that choice sets are neighbours. Sets larger than
    `settings.max_choice_set` are split: each of their series is priced on its own (choice_set -1), and a warning says
    so. Periods between a series' first and last row that have no row are not observed, or, by
    `settings.policy.missing_periods`, observed with no sales. Rows that had nothing to sell, or nobody to sell it
    to, are not observed either.

    Raises:
        ResourceError: more than `MAX_CELLS` cells.
    """
    sales = tables.sales
    series, warnings = _series(tables, settings.max_choice_set)
    periods = period_range(sales["date"].min(), sales["date"].max(), tables.frequency)
    shape = (len(series), len(periods))
    if shape[0] * shape[1] > MAX_CELLS:
        raise ResourceError(
            f"{shape[0]:,} series × {shape[1]:,} {tables.frequency}s are more than {MAX_CELLS:,} cells. Check the "
            f"first and last dates ({periods[0]:%Y-%m-%d}, {periods[-1]:%Y-%m-%d}), or choose a longer data.frequency."
        )
    index = pd.MultiIndex.from_frame(series[["store", "product"]])
    row = index.get_indexer(pd.MultiIndex.from_frame(sales[["store", "product"]]))
    column = periods.get_indexer(pd.DatetimeIndex(sales["date"]))

    def dense(name: str, blank: float, dtype: type) -> np.ndarray:
        values = np.full(shape, blank, dtype)
        if name in sales:
            values[row, column] = sales[name].to_numpy(np.float64)
        return values

    def layers(names: list[str], blank: float) -> np.ndarray:
        empty = np.zeros((*shape, 0), np.float32)
        return np.stack([dense(name, blank, np.float32) for name in names], axis=-1) if names else empty

    observed = np.zeros(shape, bool)
    observed[row, column] = True
    price = _filled(dense("price", np.nan, np.float64))
    missing = settings.policy.missing_periods
    if missing == "zero" or (missing == "auto" and tables.aggregated):
        seen_before = np.logical_or.accumulate(observed, axis=1)
        seen_after = np.logical_or.accumulate(observed[:, ::-1], axis=1)[:, ::-1]
        observed = seen_before & seen_after
    censored, empty, told = _sold_out(tables, dense("stock", np.nan, np.float64), dense("units", 0.0, np.float64))
    visits = traffic_column(tables)
    seen = dense(visits, np.nan, np.float64)
    traffic, usual, said = relative_traffic(seen, observed, visits)
    empty |= (seen <= 0) & (dense("units", 0.0, np.float64) == 0)
    if visits:
        series["usual_traffic"] = usual
    numeric = [name for name in tables.numeric if name in sales]
    return SalesPanel(
        series=series,
        periods=periods,
        frequency=tables.frequency,
        units=dense("units", 0.0, np.float32),
        price=price,
        cost=dense("cost", np.nan, np.float64),
        observed=observed & ~empty,
        censored=censored & observed,
        traffic=traffic,
        competitor=dense("competitor_price", np.nan, np.float64),
        promotions=layers(list(tables.promotions), 0.0),
        numeric=layers(numeric, np.nan),
        promotion_names=tables.promotions,
        numeric_names=tuple(numeric),
        categorical_names=tuple(name for name in tables.categorical if name in series),
        attribute_names=tuple(name for name in tables.numeric if name in series),
        warnings=(*warnings, *told, *said),
    )


def _sold_out(tables: Tables, stock: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """[S, T] rows whose sales are all that there was, [S, T] rows with nothing to sell, and a sentence on both.

    `stock` is what could be sold in the period. Of orders that were added up the last one's stock is known, which says
    nothing of the period.
    """
    if tables.aggregated:
        return *np.zeros((2, *units.shape), bool), []
    censored, empty = (units > 0) & (units >= stock), (units == 0) & (stock <= 0)
    count = int((censored | empty).sum())
    share = f"{counted(count, 'row')} ({count / len(tables.sales):.1%}) sold out"
    told = f"{share}, units reaching stock: demand is taken as at least the sales, and as unknown where stock was 0."
    return censored, empty, [told] if count else []


def _series(tables: Tables, max_choice_set: int) -> tuple[pd.DataFrame, list[str]]:
    """[S] rows: store, category, product, choice_set and every attribute; sentences on sets that were split."""
    sales = tables.sales
    in_sales = [name for name in tables.categorical if name in sales and name != "category"]
    found = sales.groupby(["store", "product"], sort=False)[["category", *in_sales]].last().reset_index()
    found = found.sort_values(["store", "category", "product"], kind="stable", ignore_index=True)
    sets = found.groupby(["store", "category"], sort=False)
    size = sets["product"].transform("size")
    large = size > max_choice_set
    number = sets.ngroup().where(~large)
    found["choice_set"] = pd.factorize(number)[0].astype(np.int64)  # running among those kept; NaN gives -1
    found = found[["product", "store", "category", "choice_set", *in_sales]]
    for frame, key in ((tables.products, "product"), (tables.stores, "store")):
        own = [name for name in frame.columns if name == key or name not in found]
        found = found.merge(frame[own], on=key, how="left")
    if not large.any():
        return found, []
    split = found[large].groupby(["store", "category"]).ngroups
    return found, [
        f"{counted(split, 'choice set')} with more than {max_choice_set:,} products (largest {size.max():,}): their "
        f"{int(large.sum()):,} series are priced one by one, without cross effects (data.max_choice_set)."
    ]


def _filled(values: np.ndarray) -> np.ndarray:
    """[S, T] with NaN filled by the last known value before, else by the first after; every row has one."""
    position = np.where(np.isnan(values), -1, np.arange(values.shape[1]))
    last = np.maximum.accumulate(position, axis=1)
    first = np.argmax(position >= 0, axis=1)
    source = np.where(last >= 0, last, first[:, None])
    return np.take_along_axis(values, source, axis=1)


def extend(panel: SalesPanel, horizon: int) -> SalesPanel:
    """The panel with `horizon` further, unobserved periods: last prices and numeric features, recent traffic, no
    promotion."""
    step = {"day": "D", "week": "7D", "month": "MS"}[panel.frequency]
    more = pd.date_range(panel.periods[-1], periods=horizon + 1, freq=step)[1:]
    rows = len(panel.series)

    def grow(values, last):
        return np.concatenate([values, np.broadcast_to(last, (rows, horizon, *values.shape[2:]))], axis=1)

    return replace(
        panel,
        periods=panel.periods.append(more),
        units=grow(panel.units, np.float32(0)),
        price=grow(panel.price, panel.price[:, -1:]),
        cost=grow(panel.cost, panel.cost[:, -1:]),
        observed=grow(panel.observed, False),
        censored=grow(panel.censored, False),
        traffic=grow(panel.traffic, recent(panel.traffic)),
        competitor=grow(panel.competitor, np.nan),
        promotions=grow(panel.promotions, np.float32(0)),
        numeric=grow(panel.numeric, panel.numeric[:, -1:]),
    )


def hide(panel: SalesPanel, known: int) -> SalesPanel:
    """The panel as it stood after `known` periods: later ones keep prices and promotions, nothing that sales tell."""

    def blank(values, last):
        later = np.broadcast_to(last, values[:, known:].shape)
        return np.concatenate([values[:, :known], later.astype(values.dtype)], axis=1)

    return replace(
        panel,
        units=blank(panel.units, np.float32(0)),
        observed=blank(panel.observed, False),
        censored=blank(panel.censored, False),
        traffic=blank(panel.traffic, recent(panel.traffic[:, :known])),
        competitor=blank(panel.competitor, np.nan),
        cost=blank(panel.cost, panel.cost[:, known - 1 : known]),
        numeric=blank(panel.numeric, panel.numeric[:, known - 1 : known]),
    )
