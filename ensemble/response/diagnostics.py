"""What a careful econometrician would look at before believing a price response, per product. Not for judging it.

Axes: S series sorted by product, T periods, J products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ensemble.response.orthogonal import Columns, blocks
from ensemble.response.pooled import LEAST_SD, Pool, fit, partial_out, without_series, without_series_and_times

SAME_PRICE = 0.005  # prices nearer than this (in logs) are one price
LEAST_FREEDOM = 12  # rows beyond what is estimated, for a spread to be told


class Movement(NamedTuple):
    """How prices moved, per product [J]; sales do not enter.

    points: distinct prices (to a half per cent). rows, periods: of sales. spread: residual sd of log price on series
    means, season, trend and promotions. explained: share of its within-series variance that these explain. changes:
    share of unpromoted rows (the period before too) whose price changed.
    """

    points: np.ndarray
    rows: np.ndarray
    periods: np.ndarray
    spread: np.ndarray
    explained: np.ndarray
    changes: np.ndarray


class Dynamics(NamedTuple):
    """Coefficients of neighbouring periods' prices given this period's, per product [J].

    lead, lead_t: of the next period's price (a placebo: it cannot move today's sales). lag, lag_t: of the last
    period's price; positive where shoppers stock up on deals. periods: clusters.
    """

    lead: np.ndarray
    lead_t: np.ndarray
    lag: np.ndarray
    lag_t: np.ndarray
    periods: np.ndarray


def movement(observed: np.ndarray, log_price: np.ndarray, columns: Columns, pool: Pool) -> Movement:
    """Args: observed, log_price [S, T], all rows of sales; columns of the same series."""
    yearly = columns.calendar[:, [0, 1, 4]]  # one harmonic: short histories have no more to give
    controls = np.concatenate(
        [np.broadcast_to(yearly, (*log_price.shape, yearly.shape[1])), columns.promotions], -1, dtype=np.float64
    )
    price = without_series(log_price[..., None], observed)
    left = partial_out(price, without_series(controls, observed), observed, pool)
    rows = pool.sum(observed.sum(1))
    series = pool.sum(observed.any(1).astype(int))
    total, kept = (pool.sum((values[..., 0] ** 2).sum(1)) for values in (price, left))
    freedom = np.maximum(rows - series - controls.shape[-1], 1)
    regular = observed & ~columns.promotions.any(-1)
    pairs = regular[:, 1:] & regular[:, :-1]
    moved = pairs & (np.abs(np.diff(log_price, axis=1)) > SAME_PRICE)
    return Movement(
        points=_price_points(observed, log_price, pool),
        rows=rows,
        periods=(pool.sum(observed.astype(int)) > 0).sum(1),
        spread=np.where(rows >= 3, np.sqrt(kept / freedom), 0.0),
        explained=np.where(total > 1e-12, 1 - kept / np.where(total > 1e-12, total, 1.0), 0.0),
        changes=pool.sum(moved.sum(1)) / np.maximum(pool.sum(pairs.sum(1)), 1),
    )


def dynamics(columns: Columns, pool: Pool) -> Dynamics:
    """Regress log units on this, the last and the next period's price, the controls and effects of short blocks.

    Without the blocks, slow drifts of costs and tastes that meet by chance look like foresight.
    """
    rows, first = columns.followed, blocks(columns.seen.shape[1])
    parts = [columns.log_units, columns.log_price, columns.lag, columns.lead]
    controls = columns.controls(lag=False)
    both = np.concatenate([np.stack(parts, -1), controls], -1)
    apart = without_series_and_times(both, rows, pool, first)
    left = partial_out(apart[..., : len(parts)], apart[..., len(parts) :], rows, pool)
    absorbed = pool.sum(rows.any(1).astype(int)) + controls.shape[-1] + len(first)
    found = fit(left[..., 0], left[..., 1:], rows, pool, absorbed)
    return Dynamics(found.coefficient[:, 2], found.t[:, 2], found.coefficient[:, 1], found.t[:, 1], found.periods)


def sales_spread(columns: Columns, pool: Pool) -> np.ndarray:
    """[J] sd of what controls and price leave of log units, NaN where too few rows are to spare.

    Not cross-fitted: foretelling from few rows errs wildly, and that is no noise of sales.
    """
    rows, controls = columns.seen, np.concatenate([columns.log_price[..., None], columns.controls()], -1)
    units = without_series(columns.log_units[..., None], rows)
    left = partial_out(units, without_series(controls, rows), rows, pool)
    freedom = pool.sum(rows.sum(1)) - pool.sum(rows.any(1).astype(int)) - controls.shape[-1]
    square = pool.sum((left[..., 0] ** 2).sum(1))
    usable = (freedom >= LEAST_FREEDOM) & (square > LEAST_SD**2 * freedom)
    return np.sqrt(np.where(usable, square / np.maximum(freedom, 1), np.nan))


def robustness_value(t: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """[J] share of what is left of price and of sales that an unseen cause must explain to bring a slope to 0.

    Cinelli and Hazlett 2020, eq. 18: ½ (√(f⁴ + 4 f²) − f²), f = |t| / √freedom. With an error clustered by period,
    which is larger where shocks are shared, it is on the cautious side.
    """
    square = t**2 / np.maximum(freedom, 1)
    return 0.5 * (np.sqrt(square**2 + 4 * square) - square)


def _price_points(observed: np.ndarray, log_price: np.ndarray, pool: Pool) -> np.ndarray:
    """[J] distinct prices over all of a product's series."""
    series, _ = np.nonzero(observed)
    pairs = np.stack([pool.owner[series], np.round(log_price[observed] / SAME_PRICE).astype(np.int64)], -1)
    return np.bincount(np.unique(pairs, axis=0)[:, 0], minlength=len(pool.starts))
