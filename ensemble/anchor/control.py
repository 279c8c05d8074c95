"""Prices that followed demand: what costs do not explain of them, as a control in the anchor's demand equations.

Two stages (control function; Petrin & Train 2010): log prices are regressed on log costs, promotions, season and trend
within each series; the residual carries what the retailer knew of demand, so that beside it the price's own effect is
that of moves that costs brought. The weight of the control is nearly one number for all products, so that costs which
say little of each product say enough of all, and prices of a product of which they say nothing are taken to have
followed demand as the others' did. Where costs say nothing of most, such a product has no control: its residual would
be the price again, and its exogeneity stays an assumption. Deals have depths for other reasons than demand; where sales
show that residuals say less of it in promoted periods, these have a weight of their own, or demand would seem to bend.
Axes: S series, T periods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.features import season
from data_io.types import SalesPanel

CONTROLS = 3
RELEVANT = 4.0  # F of costs from which they give a control, clustered by period


def controls(panel: SalesPanel, weight: np.ndarray) -> np.ndarray:
    """[S, T, 3] the own price residual, the mean one of the store's other products (shocks that products share move
    rivals' prices too, which would pass for substitution), and the own one in promoted periods. weight [T] as
    price_residuals'."""
    own = price_residuals(panel, weight)
    store, stores = pd.factorize(panel.series["store"])
    seen = panel.observed & (weight > 0)
    total, count = np.zeros((2, len(stores), own.shape[1]))
    np.add.at(total, store, own)
    np.add.at(count, store, seen)
    others = (total[store] - own) / np.maximum(count[store] - seen, 1)
    return np.stack([own, np.where(seen, others, 0), own * (panel.promotions > 0).any(-1)], -1)


def price_residuals(panel: SalesPanel, weight: np.ndarray) -> np.ndarray:
    """[S, T] residuals of log prices in periods of positive weight [T]; 0 for products whose costs say too little,
    unless costs say enough of half of the products."""
    found, strength = np.zeros(panel.price.shape), np.zeros(len(panel.price))
    time = np.concatenate([season(panel.periods), np.linspace(-1, 1, len(panel.periods))[:, None]], -1)
    products = panel.series["product"].to_numpy()
    for _, series in pd.Series(np.arange(len(products))).groupby(products):
        rows = series.to_numpy()
        seen = panel.observed[rows] & (weight > 0) & (panel.cost[rows] > 0)
        found[rows], strength[rows] = _first_stage(
            np.log(panel.price[rows]), np.log(np.where(seen, panel.cost[rows], 1)), panel.promotions[rows], time, seen
        )
    if pd.Series(strength).groupby(products).first().median() >= RELEVANT:
        return found
    return found * (strength >= RELEVANT)[:, None]


def _first_stage(
    log_price: np.ndarray, log_cost: np.ndarray, promotions: np.ndarray, time: np.ndarray, seen: np.ndarray
) -> tuple[np.ndarray, float]:
    """Residuals [s, T] of one product's series, and the F of its costs, clustered by period: NaN of too few rows."""
    place, period = np.nonzero(seen)
    columns = np.concatenate([log_price[seen][:, None], log_cost[seen][:, None], time[period], promotions[seen]], -1)
    if len(place) < 3 * columns.shape[1]:
        return np.zeros(seen.shape), np.nan
    count = np.maximum(np.bincount(place, minlength=len(seen)), 1)
    for number in range(columns.shape[1]):
        columns[:, number] -= (np.bincount(place, columns[:, number], len(seen)) / count)[place]
    controls = columns[:, 2:]
    price, cost = (columns[:, :2] - controls @ np.linalg.lstsq(controls, columns[:, :2], rcond=None)[0]).T
    power = cost @ cost
    slope = cost @ price / power if power > 1e-8 * len(cost) else 0.0
    residual = price - slope * cost
    by_period = np.bincount(period, cost * residual, seen.shape[1])
    left = np.zeros(seen.shape)
    left[seen] = residual
    return left, float((slope * power) ** 2 / max(by_period @ by_period, 1e-12))
