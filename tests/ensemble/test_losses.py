"""Losses agree with exact likelihoods and are least at the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from ensemble.losses import DISPERSION, LOSSES

UNITS = np.array([0.0, 1.0, 7.0, 40.0, 900.0])
MEAN = np.array([0.5, 3.0, 5.0, 60.0, 700.0])


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_zero_and_flat_where_the_mean_is_the_units(name):
    log_units = jnp.log(jnp.maximum(UNITS[1:], 1e-6))
    np.testing.assert_allclose(LOSSES[name](log_units, jnp.asarray(UNITS[1:])), 0, atol=1e-3)
    slope = jax.vmap(jax.grad(LOSSES[name]))(log_units, jnp.asarray(UNITS[1:]))
    np.testing.assert_allclose(slope, 0, atol=1e-3)


def test_differences_of_the_negative_binomial_loss_are_log_likelihood_ratios():
    shape = 1 / DISPERSION
    exact = nbinom.logpmf(UNITS, shape, shape / (shape + UNITS)) - nbinom.logpmf(UNITS, shape, shape / (shape + MEAN))
    np.testing.assert_allclose(LOSSES["negative_binomial"](jnp.log(MEAN), jnp.asarray(UNITS)), exact, rtol=2e-3)


def test_differences_of_the_poisson_loss_are_log_likelihood_ratios():
    exact = poisson.logpmf(UNITS, np.maximum(UNITS, 1e-12)) - poisson.logpmf(UNITS, MEAN)
    np.testing.assert_allclose(LOSSES["poisson"](jnp.log(MEAN), jnp.asarray(UNITS)), exact, rtol=2e-3)
