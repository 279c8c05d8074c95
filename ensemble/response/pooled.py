"""Least squares per product, pooled over its stores, for many products at once; errors clustered by period.

Prices move together across stores, so rows of one period are not independent: that is why periods are the clusters.
Not for saying which regressions are asked.

Axes: S series sorted by product, T periods, J products, C columns, K regressors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

LEAST_SD = 1e-4  # of a column whose variation is more than rounding
SWEEPS, CLOSE = 200, 1e-7  # of the alternating projections


class Pool(NamedTuple):
    """starts: [J] first series of each product. owner: [S] number of each series' product."""

    starts: np.ndarray
    owner: np.ndarray

    def sum(self, values: np.ndarray) -> np.ndarray:
        """[S, ...] -> [J, ...] sums over each product's series."""
        return np.add.reduceat(values, self.starts, axis=0)


class Fit(NamedTuple):
    """One regression per product.

    coefficient, error, t: [J, K], NaN where nothing can be said. residual: [S, T], 0 where not a row.
    freedom: [J] rows less all that was estimated. periods: [J] clusters.
    """

    coefficient: np.ndarray
    error: np.ndarray
    t: np.ndarray
    residual: np.ndarray
    freedom: np.ndarray
    periods: np.ndarray


def pools(product: np.ndarray, most: int = 2000) -> Iterator[tuple[np.ndarray, np.ndarray, Pool]]:
    """Series [S] and products [J] of parts of about `most` series, so that memory does not grow with the table.

    Args:
        product: [S] number of each series' product, 0-based without gaps.
    """
    order = np.argsort(product, kind="stable")
    count = np.bincount(product)
    part = (np.cumsum(count) - count) // most
    for number in np.unique(part):
        products = np.flatnonzero(part == number)
        starts = np.cumsum(count[products]) - count[products]
        yield (
            order[np.isin(product[order], products)],
            products,
            Pool(starts, np.repeat(np.arange(len(products)), count[products])),
        )


def without_series(columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[S, T, C] columns less their series' means over rows [S, T]; 0 where there is no row."""
    kept = np.where(rows[..., None], columns, 0.0)
    mean = kept.sum(1) / np.maximum(rows.sum(1), 1)[:, None]
    return np.where(rows[..., None], kept - mean[:, None], 0.0)


def without_series_and_times(columns: np.ndarray, rows: np.ndarray, pool: Pool, first: np.ndarray) -> np.ndarray:
    """[S, T, C] columns less effects of the series and of product × block of periods, by alternating projections.

    Args:
        first: [B] first period of each block.
    """
    left = without_series(columns, rows)
    block = np.repeat(np.arange(len(first)), np.diff(first, append=rows.shape[1]))

    def of_blocks(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(pool.sum(values), first, axis=1)

    count = np.maximum(of_blocks(rows.astype(float)), 1)[..., None]
    for _ in range(SWEEPS):
        mean = of_blocks(left) / count
        left = without_series(left - mean[pool.owner][:, block], rows)
        if np.abs(mean).max(initial=0) < CLOSE:
            break
    return left


def products_of(left: np.ndarray, right: np.ndarray, pool: Pool) -> np.ndarray:
    """[J, C, K] sums over a product's rows of left [S, T, C] × right [S, T, K]."""
    return pool.sum(left.swapaxes(1, 2) @ right)


def partial_out(columns: np.ndarray, controls: np.ndarray, rows: np.ndarray, pool: Pool) -> np.ndarray:
    """[S, T, C] what product by product is left of columns after regressing them on controls (both demeaned)."""
    count = pool.sum(rows.sum(1))
    slopes = inverse(products_of(controls, controls, pool), count) @ products_of(controls, columns, pool)
    return columns - controls @ slopes[pool.owner]


def fit(target: np.ndarray, regressors: np.ndarray, rows: np.ndarray, pool: Pool, absorbed: np.ndarray) -> Fit:
    """Regress target [S, T] on regressors [S, T, K], product by product.

    Both had all effects and controls taken out (Frisch-Waugh-Lovell), 0 where there is no row; absorbed [J] is their
    number. Errors are Liang-Zeger sandwiches with the usual correction for few clusters (CR1).
    """
    count = pool.sum(rows.sum(1)).astype(float)
    bread = inverse(products_of(regressors, regressors, pool), count)
    coefficient = (bread @ products_of(regressors, target[..., None], pool))[..., 0]
    residual = target - np.einsum("stk,sk->st", regressors, coefficient[pool.owner])
    scores = pool.sum(regressors * residual[..., None])  # [J, T, K]
    periods = (pool.sum(rows.astype(np.int64)) > 0).sum(1)
    freedom = count - absorbed - regressors.shape[-1]
    varied = pool.sum((target**2).sum(1)) > LEAST_SD**2 * np.maximum(count, 1)  # more than rounding
    enough = (periods > 1) & (freedom > 0) & varied
    safe = np.where(enough, freedom, 1.0)
    correction = periods / np.maximum(periods - 1, 1) * (count - 1) / safe
    covariance = correction[:, None, None] * (bread @ (scores.swapaxes(1, 2) @ scores) @ bread)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    known = enough[:, None] & (np.diagonal(bread, axis1=1, axis2=2) > 0) & (variance > 0)
    error = np.sqrt(np.where(known, variance, np.nan))
    coefficient = np.where(known, coefficient, np.nan)
    return Fit(coefficient, error, coefficient / error, residual, freedom, periods)


def inverse(moments: np.ndarray, count: np.ndarray) -> np.ndarray:
    """[J, K, K] generalised inverses of sums of products over `count` [J] rows.

    Columns that do not vary, or repeat others, get no coefficient instead of a wild one.
    """
    total = np.diagonal(moments, axis1=-2, axis2=-1)
    varies = total > LEAST_SD**2 * np.maximum(count, 1)[..., None]
    scale = np.where(varies, 1 / np.sqrt(np.where(varies, total, 1.0)), 0.0)
    scales = scale[..., :, None] * scale[..., None, :]
    return np.linalg.pinv(moments * scales, rcond=1e-8, hermitian=True) * scales
