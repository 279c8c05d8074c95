"""Losses agree with exact likelihoods and are least at the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from ensemble.losses import DISPERSION, LOSSES, TWEEDIE_POWER, cross_entropy

UNITS = np.array([0.0, 1.0, 7.0, 40.0, 900.0])
MEAN = np.array([0.5, 3.0, 5.0, 60.0, 700.0])


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_least_where_the_mean_is_the_units(name):
    log_units, units = jnp.log(UNITS[1:]), jnp.asarray(UNITS[1:])
    np.testing.assert_allclose(LOSSES[name](log_units, units), 0, atol=2e-3)
    for step in (-0.2, 0.2):
        assert (LOSSES[name](log_units + step, units) > 0.001).all()


@pytest.mark.parametrize("name", LOSSES)
def test_no_sales_at_all_have_a_finite_loss_and_slope(name):
    assert np.isfinite(LOSSES[name](jnp.float32(1.0), jnp.float32(0.0)))
    assert jax.grad(LOSSES[name])(jnp.float32(1.0), jnp.float32(0.0)) > 0


def test_the_tweedie_loss_agrees_with_its_deviance_in_float64():
    p = TWEEDIE_POWER
    parts = UNITS ** (2 - p) / ((1 - p) * (2 - p)) - UNITS * MEAN ** (1 - p) / (1 - p) + MEAN ** (2 - p) / (2 - p)
    np.testing.assert_allclose(LOSSES["tweedie"](jnp.log(MEAN), jnp.asarray(UNITS)), parts, rtol=1e-3)


def test_cross_entropy_agrees_with_the_softmax_in_float64():
    logits = np.array([[1.0, 2.0, -1.0], [0.0, 0.0, 3.0]])
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = cross_entropy(jnp.asarray(logits), jnp.array([1, 0]))
    np.testing.assert_allclose(found, -np.log([chance[0, 1], chance[1, 0]]), rtol=1e-5)


def test_differences_of_the_negative_binomial_loss_are_log_likelihood_ratios():
    shape = 1 / DISPERSION
    exact = nbinom.logpmf(UNITS, shape, shape / (shape + UNITS)) - nbinom.logpmf(UNITS, shape, shape / (shape + MEAN))
    np.testing.assert_allclose(LOSSES["negative_binomial"](jnp.log(MEAN), jnp.asarray(UNITS)), exact, rtol=2e-3)


def test_differences_of_the_poisson_loss_are_log_likelihood_ratios():
    exact = poisson.logpmf(UNITS, np.maximum(UNITS, 1e-12)) - poisson.logpmf(UNITS, MEAN)
    np.testing.assert_allclose(LOSSES["poisson"](jnp.log(MEAN), jnp.asarray(UNITS)), exact, rtol=2e-3)
