"""How large effects beside the price's own may be, read off a regression before any structure is fitted.

They are those of treatments, and of the control of costs in promoted periods. Freed without need, effects of past
deals and usual prices take from the price response what little a quiet history says of it. So their prior sds are the
sizes that pooled least squares finds, shrunk by how little it takes chance to find them: 0 where shoppers neither store
nor remember, and all of them are then absent. Errors are clustered by blocks of neighbouring periods, for shocks last
and stores share them. Not for fitting heads. Axes: S series, T periods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from data_io.features import season
from data_io.types import SalesPanel
from ensemble.response.pooled import Pool, inverse, partial_out, without_series

CHANCE = 0.01
MOST = 2.5
LEAST_BLOCKS = 10  # below which errors would say nothing
ZERO_UNITS = 0.5  # in the logs


def relevance(
    panel: SalesPanel, treated: np.ndarray, z: np.ndarray, beside: np.ndarray, seen: np.ndarray, block: int
) -> np.ndarray:
    """[K] prior sds of the pooled coefficients of K such effects.

    Log units are regressed on them beside effects of every series and, product by product, the price and its square,
    the mean rival's prices, promotions, season, trend and what else stands beside them.

    Args:
        treated: [S, T, K]. z: [S, T] log prices relative to the product's reference.
        beside: [S, T, C] what else to hold, as the competitor's prices.
        seen: [S, T] rows that count.
        block: periods in a cluster.
    """
    code, _ = pd.factorize(panel.series["product"], sort=True)
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(code.max() + 1))
    pool, rows = Pool(starts, code[order]), seen[order]
    time = np.concatenate([season(panel.periods), np.linspace(-1, 1, len(panel.periods))[:, None]], -1)
    parts = [z[..., None], z[..., None] ** 2, panel.promotions, np.broadcast_to(time, (*z.shape, time.shape[1]))]
    controls = np.concatenate([*parts, _rivals(panel.series, z)[..., None], beside], -1)[order]
    log_units = np.log(np.maximum(panel.units, ZERO_UNITS))[..., None]
    target = np.concatenate([log_units, treated], -1)[order].astype(np.float64)
    left = partial_out(without_series(target, rows), without_series(controls, rows), rows, pool)
    found, regressors = left[..., 0], left[..., 1:]
    bread = inverse(np.einsum("stk,stl->kl", regressors, regressors), rows.sum())
    coefficient = bread @ np.einsum("stk,st->k", regressors, found)
    residual = found - regressors @ coefficient
    first = np.arange(0, z.shape[1], block)
    scores = np.add.reduceat(np.einsum("stk,st->tk", regressors, residual), first, axis=0)
    if len(first) < LEAST_BLOCKS:
        return np.zeros(len(coefficient))
    covariance = bread @ (scores.T @ scores) @ bread * len(first) / (len(first) - 1)
    doubt = doubted(coefficient, covariance, len(first))
    return (1 - doubt) * np.minimum(np.sqrt(coefficient**2 + np.diag(covariance)), MOST)


def doubted(coefficient: np.ndarray, covariance: np.ndarray, clusters: int) -> float:
    """What joint shrinkage takes off coefficients [K]: all of them below the F that chance reaches one time in a
    hundred (Hotelling's, for errors come from few clusters), above it that over F (positive part of James & Stein)."""
    count = len(coefficient)
    freedom = clusters - count
    square = coefficient @ np.linalg.pinv(covariance, hermitian=True) @ coefficient
    found = square / count * freedom / (clusters - 1)
    return float(min(1.0, stats.f.isf(CHANCE, count, freedom) / max(found, 1e-12)))


def _rivals(series: pd.DataFrame, z: np.ndarray) -> np.ndarray:
    """[S, T] mean z of the store's series."""
    store, stores = pd.factorize(series["store"])
    total = np.zeros((len(stores), z.shape[1]))
    np.add.at(total, store, z)
    return (total / np.bincount(store)[:, None])[store]
