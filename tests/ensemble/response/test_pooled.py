"""Regressions per product agree with dummies and textbook sandwiches, and say nothing where nothing can be said."""

import numpy as np
import pytest

from ensemble.response.pooled import (
    Pool,
    fit,
    partial_out,
    pools,
    without_series,
    without_series_and_times,
)

SERIES, PERIODS = 7, 20
OWNER = np.array([0, 0, 0, 0, 1, 1, 1])
POOL = Pool(np.array([0, 4]), OWNER)


@pytest.fixture(scope="module")
def drawn():
    """Target, regressors, controls and rows with gaps."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(1, PERIODS, 2))
    regressors = common + rng.normal(size=(SERIES, PERIODS, 2))
    controls = rng.normal(size=(SERIES, PERIODS, 1))
    target = regressors @ [1.0, -2.0] + controls[..., 0] + rng.normal(size=(SERIES, 1)) + common[..., 0]
    rows = rng.random((SERIES, PERIODS)) > 0.2
    return target + rng.normal(size=target.shape), regressors, controls, rows


def dummies(codes):
    return (codes[:, None] == np.unique(codes)).astype(float)


def test_coefficients_and_clustered_errors_are_those_of_a_regression_with_dummies(drawn):
    target, regressors, controls, rows = drawn
    columns = without_series(np.concatenate([target[..., None], regressors, controls], -1), rows)
    left = partial_out(columns[..., :3], columns[..., 3:], rows, POOL)
    found = fit(left[..., 0], left[..., 1:], rows, POOL, absorbed=np.array([5, 4]))
    for product in (0, 1):
        series, period = np.nonzero(rows & (product == OWNER)[:, None])
        design = np.concatenate([regressors[series, period], controls[series, period], dummies(series)], 1)
        units = target[series, period]
        bread = np.linalg.inv(design.T @ design)
        coefficient = bread @ design.T @ units
        scores = dummies(period).T @ (design * (units - design @ coefficient)[:, None])
        clusters, count, width = len(np.unique(period)), *design.shape
        covariance = bread @ scores.T @ scores @ bread * clusters / (clusters - 1) * (count - 1) / (count - width)
        assert found.coefficient[product] == pytest.approx(coefficient[:2])
        assert found.error[product] == pytest.approx(np.sqrt(np.diag(covariance))[:2])
        assert found.freedom[product] == count - width
        assert found.periods[product] == clusters


@pytest.mark.parametrize("length", [1, 3])
def test_effects_of_series_and_times_go_as_with_dummies_where_rows_are_missing(drawn, length):
    target, _, _, rows = drawn
    left = without_series_and_times(target[..., None], rows, POOL, np.arange(0, PERIODS, length))[..., 0]
    for product in (0, 1):
        series, period = np.nonzero(rows & (product == OWNER)[:, None])
        design = np.concatenate([dummies(series), dummies(period // length)], 1)
        units = target[series, period]
        expected = units - design @ np.linalg.lstsq(design, units, rcond=None)[0]
        assert left[series, period] == pytest.approx(expected, abs=1e-5)
    assert (left[~rows] == 0).all()


def test_columns_that_repeat_or_do_not_vary_do_no_harm(drawn):
    target, regressors, _, rows = drawn
    columns = without_series(np.concatenate([target[..., None], regressors], -1), rows)
    constant = np.zeros((SERIES, PERIODS, 1))
    alone = partial_out(columns[..., :2], columns[..., 2:], rows, POOL)
    again = np.concatenate([columns[..., 2:], columns[..., 2:], constant], -1)
    assert partial_out(columns[..., :2], again, rows, POOL) == pytest.approx(alone)
    assert np.isnan(fit(columns[..., 0], constant, rows, POOL, np.array([4, 3])).t).all()
    assert np.isnan(fit(1e-9 * columns[..., 0], columns[..., 1:], rows, POOL, np.array([4, 3])).t).all()


def test_parts_cover_every_series_once_in_the_order_of_products():
    product = np.array([2, 0, 1, 0, 2, 1, 1])
    parts = list(pools(product, most=3))
    assert len(parts) > 1
    assert sorted(np.concatenate([series for series, _, _ in parts])) == list(range(len(product)))
    for series, products, pool in parts:
        assert (products[pool.owner] == product[series]).all()
        assert (pool.sum(np.ones(len(series))) == np.bincount(product)[products]).all()
