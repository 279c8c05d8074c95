"""How large the effects of treatments may be, read off a regression before any structure is fitted.

Freed without need, effects of past deals and usual prices take from the price response what little a quiet history
says of it. So each has a prior whose sd is what a pooled least-squares estimate exceeds its error by: 0 where shoppers
neither store nor remember, and all five are then as good as absent. Errors are clustered by blocks of neighbouring
periods, for shocks last and stores share them. Not for fitting heads. Axes: S series, T periods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.features import season
from data_io.types import SalesPanel
from ensemble.response.pooled import Pool, inverse, partial_out, without_series

ERRORS = 6.0  # squared errors that an estimate must exceed
MOST = 3.0
LEAST_BLOCKS = 6  # below which errors would say nothing
ZERO_UNITS = 0.5  # in the logs


def relevance(panel: SalesPanel, treated: np.ndarray, z: np.ndarray, seen: np.ndarray, block: int) -> np.ndarray:
    """[5] prior sds of the pooled coefficients of TREATMENTS.

    Log units are regressed on them beside effects of every series and, product by product, the price and its square,
    the mean rival's price, promotions, season and trend.

    Args:
        treated: [S, T, 5]. z: [S, T] log prices relative to the product's reference. seen: [S, T] rows that count.
        block: periods in a cluster.
    """
    code, _ = pd.factorize(panel.series["product"], sort=True)
    order = np.argsort(code, kind="stable")
    starts = np.searchsorted(code[order], np.arange(code.max() + 1))
    pool, rows = Pool(starts, code[order]), seen[order]
    time = np.concatenate([season(panel.periods), np.linspace(-1, 1, len(panel.periods))[:, None]], -1)
    parts = [z[..., None], z[..., None] ** 2, panel.promotions, np.broadcast_to(time, (*z.shape, time.shape[1]))]
    controls = np.concatenate([*parts, _rivals(panel.series, z)[..., None]], -1)[order]
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
    variance = np.diag(bread @ (scores.T @ scores) @ bread) * len(first) / (len(first) - 1)
    return np.sqrt(np.clip(coefficient**2 - ERRORS * variance, 0, MOST**2))


def _rivals(series: pd.DataFrame, z: np.ndarray) -> np.ndarray:
    """[S, T] mean z of the store's series."""
    store, stores = pd.factorize(series["store"])
    total = np.zeros((len(stores), z.shape[1]))
    np.add.at(total, store, z)
    return (total / np.bincount(store)[:, None])[store]
