"""Double machine learning by the package DoubleML (Bach et al. 2024): a partially linear regression with trees.

Log units and log price, each less its series' mean, are foretold by LightGBM from product, store, promotions, rivals'
prices, last period's price, season and trend; the elasticity is the slope of what is left of one on what is left of
the other (DoubleMLPLR, score "partialling out"). Folds are blocks of neighbouring periods, dealt in turn, and errors
are clustered by period. The series' means are of all known periods, so they are not cross-fitted; a block's level is
not taken out, as our own stage does. DoubleML below 0.11: later ones ask for an Optuna that the sweeps cannot use.
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from benchmarks.decision_trees import PARAMETERS, ROUNDS
from data_io.types import SalesPanel
from ensemble.anchor.weigh import fold_of_periods
from ensemble.response.orthogonal import BLOCK, columns_of
from ensemble.response.pooled import without_series

FOLDS = 5


class Partialled(NamedTuple):
    """slope, error: of all rows; left: [S, T, 2] what the controls leave of log units and log price, 0 outside rows
    [S, T]."""

    slope: float
    error: float
    left: np.ndarray
    rows: np.ndarray


def partially_linear(panel: SalesPanel, code: np.ndarray, kept: np.ndarray) -> Partialled:
    """The regression on the series that are kept [S] (bool), at least two periods per fold; code [S] numbers products.

    Raises:
        ImportError: DoubleML or LightGBM is not installed.
    """
    try:
        import lightgbm
        from doubleml import DoubleMLClusterData, DoubleMLPLR
    except ImportError:
        raise ImportError("doubleml needs DoubleML and LightGBM: pip install 'jointprice[bench]'") from None

    columns = columns_of(panel)
    rows = columns.seen & (panel.units > 0) & kept[:, None]
    moving = np.stack([np.log(np.where(rows, panel.units, 1.0)), columns.log_price, columns.rivals, columns.lag], -1)
    moving = without_series(moving, rows)
    store = np.unique(panel.series["store"], return_inverse=True)[1]
    fixed = np.broadcast_to(np.stack([code, store], -1)[:, None], (*rows.shape, 2))
    calendar = np.broadcast_to(columns.calendar, (*rows.shape, columns.calendar.shape[-1]))
    controls = np.concatenate([moving[..., 2:], columns.promotions, calendar, fixed], -1)[rows]
    series, period = np.nonzero(rows)
    units, price = moving[series, period, 0], moving[series, period, 1]

    fold_of = fold_of_periods(rows.shape[1], FOLDS, BLOCK)
    there = np.unique(period)
    folds = [fold for fold in range(FOLDS) if (fold_of[there] == fold).any()]
    samples = [tuple(np.flatnonzero((fold_of[period] == fold) == held) for held in (False, True)) for fold in folds]
    clusters = [[([there[fold_of[there] != fold]], [there[fold_of[there] == fold]]) for fold in folds]]
    trees = lightgbm.LGBMRegressor(n_estimators=ROUNDS, **PARAMETERS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LightGBM's own names of settings; arrays without names of features
        data = DoubleMLClusterData.from_arrays(x=controls, y=units, d=price, cluster_vars=period)
        model = DoubleMLPLR(data, ml_l=trees, ml_m=trees, draw_sample_splitting=False)
        model.set_sample_splitting([samples], clusters)
        model.fit(store_predictions=True)
    left = np.zeros((*rows.shape, 2))
    for place, (name, target) in enumerate((("ml_l", units), ("ml_m", price))):
        left[series, period, place] = target - model.predictions[name].reshape(len(target))
    return Partialled(float(model.coef[0]), float(model.se[0]), left, rows)
