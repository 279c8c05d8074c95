"""The elasticity head keeps the economics it promises, whatever its parameters."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble.heads.elasticity import Response, curve, log_units, set_sum

SETS = np.array([0, 0, 0, 1, 1])
WEIGHT = np.array([0.5, 0.3, 0.2, 0.6, 0.4])
LOGS = st.lists(st.floats(-2, 2), min_size=5, max_size=5)


def response(own, cross, bend):
    return Response(jnp.zeros(5), jnp.full(5, own), jnp.full(5, cross), jnp.float32(bend))


@settings(deadline=None, max_examples=50)
@given(LOGS, st.floats(0.5, 5), st.floats(0, 1), st.floats(0, 1.5), st.integers(0, 4))
def test_units_fall_in_the_own_price_and_never_fall_in_a_rivals(logs, own, cross, bend, raised):
    before = np.asarray(logs)
    after = before + 0.1 * (np.arange(5) == raised)
    units = [
        np.asarray(log_units(response(own, cross, bend), jnp.asarray(z), WEIGHT, SETS, 2)) for z in (before, after)
    ]
    change = units[1] - units[0]
    assert change[raised] < 0
    rivals = (SETS[raised] == SETS) & (np.arange(5) != raised)
    assert (change[rivals] >= -1e-5).all()
    np.testing.assert_allclose(change[SETS[raised] != SETS], 0, atol=1e-5)


def test_without_bend_the_curve_is_constant_elasticity():
    logs = jnp.linspace(-1, 1, 9)
    np.testing.assert_allclose(curve(logs, jnp.float32(0.0)), logs, atol=2e-3)


def test_the_curve_agrees_with_box_cox_in_float64():
    logs = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(curve(jnp.asarray(logs), jnp.float32(0.7)), np.expm1(0.7 * logs) / 0.7, rtol=1e-5)


def test_set_sums_agree_with_a_plain_loop():
    values = np.random.default_rng(0).normal(size=(3, 5))
    expected = np.stack([values[:, SETS[i] == SETS].sum(1) for i in range(5)], -1)
    np.testing.assert_allclose(set_sum(jnp.asarray(values), SETS, 2), expected, rtol=1e-5)


def test_a_price_alone_in_its_choice_set_has_no_rivals():
    alone = log_units(response(2.0, 0.9, 0.0), jnp.full(5, 0.3), np.ones(5), np.arange(5), 5)
    np.testing.assert_allclose(alone, -2.0 * curve(jnp.float32(0.3), jnp.float32(0.0)), rtol=1e-5)
