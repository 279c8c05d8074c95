"""Shocks in common integrated out: the sums against dense ones, their law, and what they leave of the evidence."""

import numpy as np
import pytest

from ensemble.anchor import arrow
from ensemble.anchor.evidence import MOST_WIDER, Evidence, spread
from ensemble.anchor.noise import Patterns, estimate, offsets, residuals
from ensemble.anchor.shocks import law, smoother

PERIODS, PRODUCTS, LASTING = 400, 3, 0.6
COVARIANCE = np.array([[0.09, 0.04, 0.0], [0.04, 0.08, 0.01], [0.0, 0.01, 0.04]])


def precisions(periods, seed=0):
    """[T, J, J] what the stores of each period tell of its shocks."""
    rows = np.random.default_rng(seed).normal(size=(periods, PRODUCTS, 8))
    return 20 * np.einsum("tjn,tkn->tjk", rows, rows)


def drawn_shocks(rng, periods=PERIODS, covariance=COVARIANCE, lasting=LASTING):
    new = rng.multivariate_normal(np.zeros(PRODUCTS), covariance, periods)
    shocks = [new[0]]
    for step in new[1:]:
        shocks.append(lasting * shocks[-1] + np.sqrt(1 - lasting**2) * step)
    return np.array(shocks)


def test_the_sums_over_time_are_the_dense_ones():
    periods, within = 7, precisions(7)
    within[3] = 0  # a period of which nothing is known
    smooth = smoother(within, COVARIANCE, LASTING)
    apart = np.abs(np.subtract.outer(np.arange(periods), np.arange(periods)))
    prior = np.linalg.inv(np.kron(LASTING**apart, COVARIANCE))
    dense = prior.copy()
    for period in range(periods):
        part = slice(PRODUCTS * period, PRODUCTS * (period + 1))
        dense[part, part] += within[period]
    right = np.random.default_rng(1).normal(size=(periods, PRODUCTS, 2))
    expected = np.linalg.solve(dense, right.reshape(-1, 2)).reshape(right.shape)
    np.testing.assert_allclose(smooth.solve(right), expected, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(
        smooth.drawn_back(right[..., 0]).reshape(-1), prior @ right[..., 0].reshape(-1), rtol=1e-8, atol=1e-9
    )


def test_the_law_of_shocks_is_found_from_wherever_the_fit_puts_them():
    rng, within = np.random.default_rng(2), precisions(PERIODS)
    shocks = drawn_shocks(rng)
    noise = np.array([rng.multivariate_normal(np.zeros(PRODUCTS), each) for each in within])
    pull = np.einsum("tjk,tk->tj", within, shocks) + noise
    covariance, lasting = law(pull, within, np.zeros_like(pull))
    np.testing.assert_allclose(covariance, COVARIANCE, atol=0.02)
    assert lasting == pytest.approx(LASTING, abs=0.1)
    elsewhere = 0.7 * shocks
    moved = pull - np.einsum("tjk,tk->tj", within, elsewhere)
    again = law(moved, within, elsewhere)
    np.testing.assert_allclose(again[0], covariance, atol=1e-6)
    assert again[1] == pytest.approx(lasting, abs=1e-6)


def test_noise_alone_has_no_shocks_and_a_product_without_sales_spoils_none():
    rng, within = np.random.default_rng(3), precisions(60)
    noise = np.array([rng.multivariate_normal(np.zeros(PRODUCTS), each) for each in within])
    covariance, lasting = law(noise, within, np.zeros_like(noise))
    assert np.diag(covariance).max() < 1e-4
    assert lasting == 0
    within[:, 0], within[:, :, 0], noise[:, 0] = 0, 0, 0
    covariance, _ = law(noise, within, np.zeros_like(noise))
    assert np.isfinite(smoother(within, covariance, 0.0).solve(noise[..., None])).all()


def scores_of(rng, information, together, alike):
    """[T, 2] scores whose sum has `alike` times the variance that the information [2, 2] says."""
    blocks = rng.multivariate_normal(np.zeros(2), alike * information, PERIODS // together)
    return np.repeat(blocks, together, 0) / np.sqrt(PERIODS * together)


@pytest.mark.parametrize("alike", [0.5, 1.0, 4.0, 50.0])
def test_draws_are_spread_by_as_much_as_blocks_of_periods_vary_and_never_narrowed_nor_without_end(alike):
    rng = np.random.default_rng(4)
    information = np.array([[400.0, 100.0], [100.0, 300.0]])
    full = np.block([[information + np.eye(2), np.full((2, 1), 5.0)], [np.full((1, 2), 5.0), np.eye(1) * 50.0]])
    store = np.eye(1)[None] * 9.0
    reduced = arrow.Reduced(full, np.linalg.cholesky(full), np.full((1, 1, 3), 0.2), store)
    scores = np.concatenate([scores_of(rng, information, 4, alike), np.zeros((PERIODS, 1))], 1)
    other, own = arrow.sample(reduced, 4000, rng)
    wider, moved = spread(reduced, Evidence(np.zeros((3, 3)), scores), 2, 4, other, own)
    ratio = np.cov(wider[:, :2].T) / np.cov(other[:, :2].T)
    np.testing.assert_allclose(np.diag(ratio), np.clip(alike, 1.0, MOST_WIDER), rtol=0.25)
    along = np.linalg.solve(full[2:, 2:], full[2:, :2])
    np.testing.assert_allclose(wider[:, 2:] + wider[:, :2] @ along.T, other[:, 2:] + other[:, :2] @ along.T, atol=1e-9)
    level = own + np.einsum("mjp,np->nmj", reduced.through, other)
    np.testing.assert_allclose(moved + np.einsum("mjp,np->nmj", reduced.through, wider), level, atol=1e-9)


def test_the_offset_puts_the_level_at_the_mean_where_products_are_in_fashion_together():
    rng = np.random.default_rng(5)
    mean = rng.uniform(20, 60, (10, 80, 4))
    fashion = np.exp(0.6 * rng.standard_normal((10, 80, 1)))
    units = rng.poisson(mean * fashion * rng.gamma(5, 0.2, mean.shape)).astype(float)
    rows, weight = np.ones(mean.shape), np.ones(80)
    patterns = Patterns(rows)
    noise = estimate(patterns, units, np.log(mean), rows, weight)

    def pull(factor):
        """[J] of the level, mean times the factor."""
        at = factor * mean * units.sum((0, 1)) / mean.sum((0, 1))
        d = residuals(units, at, noise.dispersion)
        slope = (units - at) / ((1 + noise.dispersion * at) * d)
        return (slope * ((d - noise.offset) @ noise.inverse[0])).sum((0, 1))

    assert (pull(0.95) > 0).all()
    assert (pull(1.05) < 0).all()
    assert np.abs(pull(1.0)).max() < 0.1 * np.abs(pull(1.05)).min()


def test_products_that_are_not_correlated_need_no_offset():
    rng = np.random.default_rng(6)
    mean = rng.uniform(20, 60, (10, 80, 4))
    units = rng.poisson(mean * rng.gamma(5, 0.2, mean.shape)).astype(float)
    mean = mean * units.sum((0, 1)) / mean.sum((0, 1))
    d = residuals(units, mean, np.full(4, 0.2))
    slope = (units - mean) / ((1 + 0.2 * mean) * d)
    assert np.abs(offsets(d, slope, np.ones(mean.shape), np.eye(4))).max() < 0.02
