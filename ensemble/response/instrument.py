"""Costs as an instrument for prices: is it strong, and do prices follow demand? Not for correcting the response.

Only cost that varies on its own counts: store × product and product × period effects are taken out of everything, so
that a cost path which all stores share (and which season or fashion may share too) is no instrument. Needs costs that
differ between stores in the same period.

Axes: S series sorted by product, T periods, J products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ensemble.response.orthogonal import Columns
from ensemble.response.pooled import Pool, fit, partial_out, products_of, without_series_and_times

STRONG = 23.1  # Montiel Olea and Pflueger 2013: one instrument, bias of at most 10 % of the worst case, 5 % level


class Instrument(NamedTuple):
    """Per product [J], NaN where costs do not vary on their own.

    correlation: of log price and log cost, given controls and effects. first_stage_f: the effective F, which for one
    instrument is the robust F, clustered by period. elasticity, error: by two-stage least squares, clustered.
    least_squares: on the same rows and effects. hausman_t: of the first stage's residual in the sales equation
    (Durbin-Wu-Hausman as a control function, clustered). periods: clusters.
    """

    correlation: np.ndarray
    first_stage_f: np.ndarray
    elasticity: np.ndarray
    error: np.ndarray
    least_squares: np.ndarray
    hausman_t: np.ndarray
    periods: np.ndarray


def instrument(columns: Columns, pool: Pool) -> Instrument:
    """Judge costs as an instrument, product by product."""
    rows = columns.seen & np.isfinite(columns.log_cost)
    varied = pool.sum(rows.astype(int))[pool.owner] > 1  # a period with one store says nothing beside its own effect
    rows &= varied
    both = np.stack([columns.log_units, columns.log_price, np.nan_to_num(columns.log_cost)], -1)
    controls = columns.controls(calendar=False)
    columns_left = without_series_and_times(np.concatenate([both, controls], -1), rows, pool, np.arange(rows.shape[1]))
    left = partial_out(columns_left[..., :3], columns_left[..., 3:], rows, pool)
    units, price, cost = np.moveaxis(left, -1, 0)
    absorbed = pool.sum(rows.any(1).astype(int)) + pool.sum(rows.astype(int)).astype(bool).sum(1) + controls.shape[-1]

    first = fit(price, cost[..., None], rows, pool, absorbed)
    plain = fit(units, price[..., None], rows, pool, absorbed)
    test = fit(units, np.stack([price, first.residual], -1), rows, pool, absorbed)

    together = products_of(left, left, pool)
    usable = np.isfinite(first.t[:, 0])
    moved = np.where(usable, together[:, 1, 2], np.nan)
    elasticity = together[:, 0, 2] / moved
    scores = pool.sum(cost * (units - np.nan_to_num(elasticity)[pool.owner, None] * price))
    correction = first.periods / np.maximum(first.periods - 1, 1)
    return Instrument(
        correlation=moved / np.sqrt(np.where(usable, together[:, 1, 1] * together[:, 2, 2], 1.0)),
        first_stage_f=first.t[:, 0] ** 2,
        elasticity=elasticity,
        error=np.sqrt(correction * (scores**2).sum(1)) / np.abs(moved),
        least_squares=np.where(usable, plain.coefficient[:, 0], np.nan),
        hausman_t=np.where(usable, test.t[:, 1], np.nan),
        periods=first.periods,
    )
