"""The orthogonal stage: a partially linear own-price elasticity per product, beside the structural response.

Log units and log price are each foretold from the controls by least squares on other time blocks than their own and
its neighbours; the elasticity is the slope of what is left of one on what is left of the other (Robinson 1988;
Chernozhukov et al. 2018, double machine learning, here with linear learners). What is left keeps no block's mean:
season and trend foretold into a block err in its level, in prices as in sales, and on 60 weeks that alone doubled the
error. Rows without sales enter as log(units + ½), which draws the elasticities of slow movers towards 0. Not for
instruments or tests.

Axes: S series sorted by product, T periods, J products, C controls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.features import distinct_sets, season
from data_io.types import SalesPanel
from ensemble.response.pooled import Fit, Pool, fit, inverse

BLOCK = 4  # periods that are left out together
MOST_BLOCKS = 40
SMALL_UNITS = 0.5


class Columns(NamedTuple):
    """What the regressions read, [S, T] each; series in the panel's order.

    log_units; log_price and the periods before and after (lag, lead; filled where there is none); log_cost (NaN
    unknown); rivals (log price index of the other products of the choice set in the store, on their own means);
    promotions [S, T, Q]; calendar [T, 5] season and linear trend; seen: rows whose period before is known; followed:
    of these, the ones whose next period was sold too.
    """

    log_units: np.ndarray
    log_price: np.ndarray
    lag: np.ndarray
    lead: np.ndarray
    log_cost: np.ndarray
    rivals: np.ndarray
    promotions: np.ndarray
    calendar: np.ndarray
    seen: np.ndarray
    followed: np.ndarray

    def of(self, series: np.ndarray) -> Columns:
        """The columns of some series."""
        return Columns(*(value if value is self.calendar else value[series] for value in self))

    def controls(self, *, calendar: bool = True, lag: bool = True) -> np.ndarray:
        """[S, T, C] promotions and rivals' prices, by default with season, trend and the lagged price."""
        parts = [self.promotions, self.rivals[..., None]]
        if calendar:
            parts.append(np.broadcast_to(self.calendar, (*self.lag.shape, self.calendar.shape[-1])))
        if lag:
            parts.append(self.lag[..., None])
        return np.concatenate(parts, -1)


def columns_of(panel: SalesPanel) -> Columns:
    """Arrange a panel for the regressions."""
    log_price = np.log(panel.price)
    later = np.cumsum(panel.observed, 1) > panel.observed  # something was sold before
    followed = np.zeros_like(panel.observed)
    followed[:, :-1] = panel.observed[:, 1:]
    seen = panel.observed & later
    with np.errstate(invalid="ignore", divide="ignore"):
        log_cost = np.where(panel.cost > 0, np.log(panel.cost), np.nan)
    trend = np.linspace(-1, 1, len(panel.periods))[:, None]
    return Columns(
        log_units=np.log(panel.units.astype(np.float64) + SMALL_UNITS),
        log_price=log_price,
        lag=np.concatenate([log_price[:, :1], log_price[:, :-1]], 1),
        lead=np.concatenate([log_price[:, 1:], log_price[:, -1:]], 1),
        log_cost=log_cost,
        rivals=_rivals(panel, log_price),
        promotions=panel.promotions.astype(np.float64),
        calendar=np.concatenate([season(panel.periods).astype(np.float64), trend], -1),
        seen=seen,
        followed=seen & followed,
    )


def slopes(columns: Columns, pool: Pool) -> Fit:
    """The cross-fitted own-price elasticity of each product: a Fit with K = 1."""
    both = np.stack([columns.log_units, columns.log_price], -1)
    controls = columns.controls()
    left = cross_fitted(both, controls, columns.seen, pool)
    absorbed = pool.sum(columns.seen.any(1).astype(int)) + controls.shape[-1] + len(blocks(columns.seen.shape[1]))
    return fit(left[..., 0], left[..., 1:], columns.seen, pool, absorbed)


def cross_fitted(columns: np.ndarray, controls: np.ndarray, rows: np.ndarray, pool: Pool) -> np.ndarray:
    """[S, T, C'] columns less what series effects and controls foretell from other blocks and not the neighbours, and
    less what this leaves of a product on average in the block.

    A series without rows in the other blocks has nothing left.
    """
    edges = blocks(rows.shape[1])
    values = np.where(rows[..., None], np.concatenate([columns, controls], -1), 0.0)
    centre = values.sum(1) / np.maximum(rows.sum(1), 1)[:, None]
    values = np.where(rows[..., None], values - centre[:, None], 0.0)  # sums of squares of small numbers
    count = np.add.reduceat(rows.astype(float), edges, axis=1)  # [S, B]
    total = np.add.reduceat(values, edges, axis=1)  # [S, B, C]
    moments = np.stack(
        [pool.sum(part.swapaxes(1, 2) @ part) for part in np.split(values, edges[1:], axis=1)]
    )  # [B, J, C, C]
    left = np.zeros_like(columns, dtype=np.float64)
    targets = columns.shape[-1]
    for block, start in enumerate(edges):
        other = np.abs(np.arange(len(edges)) - block) > 1
        known = count[:, other].sum(1)
        mean = total[:, other].sum(1) / np.maximum(known, 1)[:, None]  # [S, C]
        products = moments[other].sum(0) - pool.sum(known[:, None, None] * mean[:, :, None] * mean[:, None, :])
        invert = inverse(products[:, targets:, targets:], pool.sum(known))
        slope = (invert @ products[:, targets:, :targets])[pool.owner]
        own = slice(start, start + edges[1] if len(edges) > 1 else None)
        apart = values[:, own] - mean[:, None]
        usable = (rows[:, own] & (known > 0)[:, None])[..., None]
        found = np.where(usable, apart[..., :targets] - apart[..., targets:] @ slope, 0.0)
        level = pool.sum(found.sum(1)) / np.maximum(pool.sum(usable.sum(1)), 1)  # [J, C']
        left[:, own] = np.where(usable, found - level[pool.owner][:, None], 0.0)
    return left


def blocks(periods: int) -> np.ndarray:
    """First periods of the blocks."""
    return np.arange(0, periods, max(BLOCK, -(-periods // MOST_BLOCKS)))


def shrunk(estimate: np.ndarray, error: np.ndarray, category: np.ndarray) -> np.ndarray:
    """[J] empirical-Bayes means: each estimate drawn to its category's by the variance between products.

    The variance between products is DerSimonian and Laird's (1986) moment estimate, pooled over categories; a
    category without any estimate takes the mean of all, and NaN stays where there is no estimate at all.
    """
    known = np.isfinite(estimate) & np.isfinite(error) & (error > 0)
    if not known.any():
        return np.full(len(estimate), np.nan)
    code = pd.factorize(category)[0]
    value, precision = np.where(known, estimate, 0.0), np.where(known, 1 / np.where(known, error, 1.0) ** 2, 0.0)

    def means(weight: np.ndarray) -> np.ndarray:
        total = np.bincount(code, weight)
        overall = (weight @ value) / weight.sum()
        return np.where(total > 0, np.bincount(code, weight * value) / np.where(total > 0, total, 1), overall)[code]

    first = np.bincount(code, precision)
    second = np.bincount(code, precision**2)
    apart = (precision * (value - means(precision)) ** 2).sum() - (known.sum() - (first > 0).sum())
    scale = (first - np.divide(second, first, out=np.zeros_like(first), where=first > 0)).sum()
    between = max(apart / scale, 0.0) if scale > 0 else 0.0
    weight = np.where(known, 1 / (between + 1 / np.where(known, precision, 1.0)), 0.0)
    trust = between * weight
    return trust * value + (1 - trust) * means(weight)


def _rivals(panel: SalesPanel, log_price: np.ndarray) -> np.ndarray:
    """[S, T] revenue-weighted mean of the set's other log prices, each on its own mean; 0 for a product alone."""
    sets = distinct_sets(panel.series["choice_set"].to_numpy())
    weight = np.where(panel.observed, panel.units * panel.price, 0).mean(1) + 1e-9
    moves = (log_price - log_price.mean(1, keepdims=True)) * weight[:, None]
    total = np.zeros((sets.max(initial=-1) + 1, log_price.shape[1]))
    np.add.at(total, sets, moves)
    others = np.bincount(sets, weight)[sets] - weight
    alone = np.bincount(sets)[sets] < 2
    return np.where(alone[:, None], 0.0, (total[sets] - moves) / np.where(alone, 1.0, others)[:, None])
