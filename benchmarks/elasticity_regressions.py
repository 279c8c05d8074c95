"""Panel regressions of log units on log prices: what they read, effects taken out, least squares with clustered errors.

Prices move together across stores, so a period is one cluster: rows of one period are not independent. Not for saying
which regressions are asked: see elasticity_specifications. Axes: S series sorted by product, T periods, K regressors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.features import distinct_sets
from data_io.types import SalesPanel
from ensemble.response.orthogonal import columns_of
from ensemble.response.pooled import Pool, inverse, without_series, without_series_and_times


class Table(NamedTuple):
    """The panel's series by product, [S, T] each. log_cost: NaN unknown. rivals and rival_cost: weighted mean of the
    store's other log prices and log costs (see rivals_of; unknown costs are the series' mean); promotions [S, T, Q];
    calendar [S, T, 5]; rows: with units and a known period before; pool: products."""

    log_units: np.ndarray
    log_price: np.ndarray
    rivals: np.ndarray
    lag: np.ndarray
    rivals_lag: np.ndarray
    log_cost: np.ndarray
    rival_cost: np.ndarray
    promotions: np.ndarray
    calendar: np.ndarray
    rows: np.ndarray
    pool: Pool

    def of(self, kept: np.ndarray) -> Table:
        """The series that are kept [S] (bool)."""
        owner = pd.factorize(self.pool.owner[kept])[0]
        pool = Pool(np.flatnonzero(np.diff(owner, prepend=-1)), owner)
        return Table(*(value[kept] for value in self[:-1]), pool)


class Estimate(NamedTuple):
    """coefficient [K], covariance [K, K], clustered by period; rows and periods that it rests on."""

    coefficient: np.ndarray
    covariance: np.ndarray
    rows: int
    periods: int

    def sum(self, weights: np.ndarray) -> tuple[float, float]:
        """A weighted sum of coefficients and its standard error."""
        return float(weights @ self.coefficient), float(np.sqrt(weights @ self.covariance @ weights))


def table_of(panel: SalesPanel, volume: np.ndarray | None = None) -> tuple[Table, pd.DataFrame]:
    """The panel for regressions, and its series [S] in the same order.

    Args:
        volume: [S] of a pack, such as ounces: units and prices are then per volume, so that packs can be compared.
    """
    order = np.argsort(pd.factorize(panel.series["product"], sort=True)[0], kind="stable")
    columns = columns_of(panel)
    size = np.log(np.ones(len(panel.series)) if volume is None else volume)[:, None]
    rivals = rivals_of(panel, columns.log_price - size)
    known = np.isfinite(columns.log_cost)
    filled = np.where(known, columns.log_cost, 0.0)
    mean = filled.sum(1, keepdims=True) / np.maximum(known.sum(1, keepdims=True), 1)
    series = panel.series.iloc[order].reset_index(drop=True)
    owner = pd.factorize(series["product"])[0]
    wide = (*panel.price.shape, columns.calendar.shape[-1])
    values = (
        np.log(np.where(panel.units > 0, panel.units, 1.0).astype(np.float64)) + size,
        columns.log_price - size,
        rivals,
        columns.lag - size,
        np.concatenate([rivals[:, :1], rivals[:, :-1]], 1),
        columns.log_cost,
        rivals_of(panel, np.where(known, filled, mean)),
        columns.promotions,
        np.broadcast_to(columns.calendar, wide),
        columns.seen & (panel.units > 0),
    )
    pool = Pool(np.flatnonzero(np.diff(owner, prepend=-1)), owner)
    return Table(*(value[order] for value in values), pool), series


def rivals_of(panel: SalesPanel, values: np.ndarray) -> np.ndarray:
    """[S, T] mean of the choice set's other series of values [S, T]; 0 for a product alone.

    Weights are each product's share of revenue in all stores and periods: fixed, so that the mean moves with values
    alone. They are levels, unlike orthogonal's, so that stores can be compared.
    """
    sets = distinct_sets(panel.series["choice_set"].to_numpy())
    product = pd.factorize(panel.series["product"])[0]
    weight = np.bincount(product, np.where(panel.observed, panel.units * panel.price, 0).sum(1))[product] + 1e-9
    total = np.zeros((sets.max(initial=-1) + 1, values.shape[1]))
    np.add.at(total, sets, values * weight[:, None])
    others = np.bincount(sets, weight)[sets] - weight
    alone = np.bincount(sets)[sets] < 2
    found = (total[sets] - values * weight[:, None]) / np.where(alone, 1.0, others)[:, None]
    return np.where(alone[:, None], 0.0, found)


def without(effects: str, columns: np.ndarray, rows: np.ndarray, pool: Pool) -> tuple[np.ndarray, int]:
    """[S, T, C] columns less effects, and the number of these.

    Args:
        effects: ``none`` (a constant), ``series``, ``times`` (product × period), ``both``; or ``chain``: series
            effects, then only what all stores of a product do together in a period.
    """
    series, times = int(rows.any(1).sum()), int((pool.sum(rows.astype(int)) > 0).sum())
    if effects == "none":
        return np.where(rows[..., None], columns - columns[rows].mean(0), 0.0), 1
    if effects == "series":
        return without_series(columns, rows), series
    if effects == "times":
        return np.where(rows[..., None], columns - _means(columns, rows, pool), 0.0), times
    if effects == "both":
        return without_series_and_times(columns, rows, pool, np.arange(rows.shape[1])), series + times
    left = without_series(columns, rows)
    return np.where(rows[..., None], _means(left, rows, pool), 0.0), series


def regress(
    target: np.ndarray, regressors: np.ndarray, rows: np.ndarray, absorbed: int, instruments: np.ndarray | None = None
) -> Estimate:
    """Least squares, or two-stage least squares with as many instruments [S, T, K] as regressors [S, T, K].

    All had effects and controls taken out (Frisch-Waugh-Lovell) and are 0 outside rows [S, T]. Covariance: Liang-Zeger
    sandwich by period, with the usual correction for few clusters (CR1).
    """
    asked = regressors if instruments is None else instruments
    count, periods = int(rows.sum()), int(rows.any(0).sum())
    flat = [each.reshape(-1, each.shape[-1]) for each in (regressors, asked)]
    if instruments is not None:
        flat[1] = flat[1] @ (_inverse(flat[1].T @ flat[1], count) @ (flat[1].T @ flat[0]))  # the first stage's fit
    x, z = flat
    bread = _inverse(z.T @ z, count)
    coefficient = bread @ (z.T @ target.reshape(-1))
    residual = target - regressors @ coefficient
    scores = (z.reshape(regressors.shape) * residual[..., None]).sum(0)  # [T, K]
    correction = periods / max(periods - 1, 1) * (count - 1) / max(count - absorbed - x.shape[1], 1)
    return Estimate(coefficient, correction * bread @ (scores.T @ scores) @ bread, count, periods)


def _means(columns: np.ndarray, rows: np.ndarray, pool: Pool) -> np.ndarray:
    """[S, T, C] means over a product's series in each period."""
    count = np.maximum(pool.sum(rows.astype(float)), 1)[..., None]
    return (pool.sum(np.where(rows[..., None], columns, 0.0)) / count)[pool.owner]


def _inverse(moments: np.ndarray, count: int) -> np.ndarray:
    return inverse(moments[None], np.array([count]))[0]
