"""Losses agree with exact likelihoods and are least at the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from ensemble.losses import (
    COUNTS,
    DISPERSION,
    LOSSES,
    TWEEDIE_POWER,
    at_least,
    class_at_least,
    cross_entropy,
    hurdle,
    hurdle_at_least,
)

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


def test_a_hurdle_is_the_log_chance_of_its_two_parts_in_float64():
    zero, mean = np.array([0.3, 0.3, 0.8]), np.array([2.0, 2.0, 5.0])
    some = mean / (1 - zero)
    deviance = LOSSES["negative_binomial"](jnp.log(some), jnp.array([0.0, 7.0, 40.0]))
    found = hurdle(jnp.log(mean), jnp.array([0.0, 7.0, 40.0]), jnp.log(zero / (1 - zero)))
    np.testing.assert_allclose(found, [-np.log(0.3), -np.log(0.7) + deviance[1], -np.log(0.2) + deviance[2]], rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(chance=st.floats(0.1, 0.9), mean=st.floats(0.5, 50), seed=st.integers(0, 1000))
def test_a_hurdle_is_least_at_the_share_of_zeros_and_the_mean_of_all_rows(chance, mean, seed):
    rng = np.random.default_rng(seed)
    units = np.where(rng.random(400) < chance, 0, 1 + rng.poisson(mean, 400)).astype(np.float32)
    share = (units == 0).mean()
    best = jnp.array([np.log(units.mean()), np.log(share / (1 - share))], jnp.float32)
    slope = jax.grad(lambda at: hurdle(at[0], jnp.asarray(units), at[1]).mean())
    np.testing.assert_allclose(slope(best), 0, atol=1e-3)
    assert np.abs(slope(best + 0.3)).max() > 1e-2


def test_a_sold_out_row_of_a_hurdle_had_demand_and_one_without_sales_says_nothing():
    log_mean, zero = jnp.log(jnp.array([3.0, 3.0])), jnp.array([-1.0, -1.0])
    some = log_mean[0] - jax.nn.log_sigmoid(1.0)
    expected = at_least("negative_binomial", some, jnp.float32(4.0)) - jax.nn.log_sigmoid(1.0)
    np.testing.assert_allclose(hurdle_at_least(log_mean, jnp.array([4.0, 0.0]), zero), [expected, 0], rtol=1e-5)


def test_slopes_of_a_hurdle_are_numbers_however_far_off_it_is():
    corners = np.meshgrid([-12.0, 0.0, 5.0, 20.0], [0.0, 1e-3, 1.0, 3000.0], [-40.0, 0.0, 40.0])
    mean, units, zero = (jnp.float32(each.ravel()) for each in corners)
    for loss in (hurdle, hurdle_at_least):
        slopes = jax.vmap(jax.grad(loss, argnums=(0, 2)))(mean, units, zero)
        assert np.isfinite(slopes).all()


def test_the_loss_of_a_sold_out_row_is_the_negative_log_of_the_chance_of_so_much_demand():
    units, ratio = (each.ravel() for each in np.meshgrid([1.0, 4.0, 30.0, 800.0], [0.5, 0.8, 1.0, 1.3, 2.0]))
    mean, shape = units * ratio, 1 / DISPERSION
    chances = {
        "negative_binomial": nbinom.logsf(units - 1, shape, shape / (shape + mean)),
        "poisson": poisson.logsf(units - 1, mean),
    }
    for name, exact in chances.items():
        found = at_least(name, jnp.log(jnp.float32(mean)), jnp.float32(units))
        np.testing.assert_allclose(found, -exact, rtol=0.05, atol=0.01)


@pytest.mark.parametrize("name", LOSSES)
def test_a_sold_out_row_pulls_the_mean_up_and_never_down_however_far_it_is(name):
    slopes = jax.vmap(jax.grad(lambda mean: at_least(name, mean, jnp.float32(40.0))))(jnp.linspace(-6.0, 9.0, 61))
    assert np.isfinite(slopes).all()
    assert (slopes <= 1e-6).all()
    assert (slopes[:20] < 0).all()
    assert abs(slopes[-1]) < 1e-3


@pytest.mark.parametrize("name", LOSSES)
def test_slopes_are_numbers_for_rows_that_are_not_censored_too(name):
    """A mask does not undo a slope that is no number: rows without sales, and padding, go through the same code."""
    mean, units = (jnp.float32(each) for each in np.meshgrid([-12.0, 0.0, 5.0, 20.0], [0.0, 1e-3, 1.0, 3000.0]))
    slopes = jax.vmap(jax.vmap(jax.grad(lambda mean, units: at_least(name, mean, units))))(mean, units)
    assert np.isfinite(slopes).all()


def test_counts_are_the_losses_with_a_likelihood_of_selling_out():
    assert set(COUNTS) < set(LOSSES)


def test_a_sold_out_class_stands_for_all_above_it():
    logits = np.array([[1.0, 2.0, -1.0], [0.0, 0.0, 3.0]])
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = class_at_least(jnp.asarray(logits), jnp.array([1, 0]))
    np.testing.assert_allclose(found, [-np.log(chance[0, 1:].sum()), 0], atol=1e-6)
