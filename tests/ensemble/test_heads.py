"""Structural heads keep the economics they promise, whatever their parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble.heads.attraction import AttractionResponse
from ensemble.heads.base import Prices, curve
from ensemble.heads.elasticity import ElasticityResponse
from ensemble.heads.registry import HEADS

SETS = np.array([0, 0, 0, 1, 1])
WEIGHT = np.array([0.5, 0.3, 0.2, 0.6, 0.4])
LEVEL = np.log(np.array([40.0, 25.0, 9.0, 60.0, 100.0]))
LOGS = st.lists(st.floats(-1, 1), min_size=5, max_size=5)


def prices(logs, sets=SETS, weight=WEIGHT):
    return Prices(jnp.asarray(logs), jnp.asarray(weight), jnp.asarray(sets), jnp.zeros(sets.max() + 1), jnp.ones(1))


def elasticity(own, other, bend):
    return ElasticityResponse(jnp.asarray(LEVEL), jnp.full(5, own), jnp.full(5, abs(other)), jnp.float32(bend))


def attraction(own, other, bend):
    level = jnp.asarray(LEVEL)
    return AttractionResponse(level, jnp.zeros(5), jnp.full(5, own), jnp.full(5, other), level, jnp.float32(bend))


STRUCTURAL = {"elasticity": elasticity, "attraction": attraction}


@pytest.mark.parametrize("head", STRUCTURAL)
@settings(deadline=None, max_examples=40)
@given(LOGS, st.floats(0.5, 5), st.floats(-2, 1), st.floats(0, 1.5), st.integers(0, 4))
def test_units_fall_in_the_own_price_and_never_fall_in_a_rivals(head, logs, own, other, bend, raised):
    before = np.asarray(logs)
    after = before + 0.1 * (np.arange(5) == raised)
    response = STRUCTURAL[head](own, other, bend)
    change = np.subtract(*(HEADS[head].log_units(response, prices(z)) for z in (after, before)))
    assert change[raised] < 0
    rivals = (SETS[raised] == SETS) & (np.arange(5) != raised)
    assert (change[rivals] >= -1e-5).all()
    np.testing.assert_allclose(change[SETS[raised] != SETS], 0, atol=1e-5)


@pytest.mark.parametrize("head", STRUCTURAL)
def test_at_the_reference_prices_a_structural_head_sells_the_level(head):
    units = HEADS[head].log_units(STRUCTURAL[head](2.0, 0.3, 0.5), prices(np.zeros(5)))
    np.testing.assert_allclose(units, LEVEL, rtol=1e-5)


def test_attraction_shares_agree_with_a_plain_logit_in_float64():
    logs, own, outside, bend = np.array([0.2, -0.1, 0.3, -0.2, 0.1]), 2.5, -0.4, 0.8
    expected = np.zeros(5)
    for one in (0, 1):
        inside = one == SETS
        quantity, odds = np.exp(LEVEL[inside]).sum(), np.exp(outside)
        attraction_of = np.exp(LEVEL[inside]) / quantity * np.exp(-own * np.expm1(bend * logs[inside]) / bend)
        expected[inside] = quantity * (1 + odds) * attraction_of / (odds + attraction_of.sum())
    found = HEADS["attraction"].log_units(attraction(own, outside, bend), prices(logs))
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-4)


def test_with_next_to_no_outside_option_a_choice_set_sells_the_same_whatever_its_price_level():
    response = attraction(2.0, -12.0, 0.0)
    totals = [np.exp(HEADS["attraction"].log_units(response, prices(np.full(5, z)))).sum() for z in (-0.3, 0.3)]
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-3)


def test_without_bend_the_curve_is_constant_elasticity():
    logs = jnp.linspace(-1, 1, 9)
    np.testing.assert_allclose(curve(logs, jnp.float32(0.0)), logs, atol=2e-3)


def test_the_curve_agrees_with_box_cox_in_float64():
    logs = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(curve(jnp.asarray(logs), jnp.float32(0.7)), np.expm1(0.7 * logs) / 0.7, rtol=1e-5)


def test_set_sums_agree_with_a_plain_loop():
    values = np.random.default_rng(0).normal(size=(3, 5))
    expected = np.stack([values[:, SETS[i] == SETS].sum(1) for i in range(5)], -1)
    np.testing.assert_allclose(prices(np.zeros(5)).set_sum(jnp.asarray(values)), expected, rtol=1e-5)


def test_a_price_alone_in_its_choice_set_has_no_rivals():
    alone = prices(np.full(5, 0.3), np.arange(5), np.ones(5))
    units = HEADS["elasticity"].log_units(elasticity(2.0, 0.9, 0.0), alone)
    np.testing.assert_allclose(units - LEVEL, -0.6, atol=2e-3)


@pytest.mark.parametrize("head", STRUCTURAL)
def test_slopes_are_finite_at_extreme_prices(head):
    def total(logs):
        return HEADS[head].log_units(STRUCTURAL[head](3.0, 0.5, 0.5), prices(logs)).sum()

    for size in (-3.0, 3.0):
        assert np.isfinite(jax.grad(total)(jnp.full(5, size))).all()
