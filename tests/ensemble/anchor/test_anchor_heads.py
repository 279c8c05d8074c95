"""What every head's equations promise whatever the draw."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ensemble.anchor.heads import HEADS
from ensemble.anchor.separable import curve

LEVEL = np.log(np.array([40.0, 8, 90, 15, 3], np.float32))
seeds = st.integers(0, 10_000)
prices = st.lists(st.floats(-0.5, 0.5), min_size=5, max_size=5).map(lambda values: np.array(values, np.float32))
ANY = pytest.mark.parametrize("name", HEADS)


@ANY
@given(seed=seeds, z=prices)
@examples(max_examples=8, deadline=None)
def test_a_dearer_product_sells_less_and_no_rival_sells_less(structure, block, name, seed, z):
    drawn = structure(name, seed)
    slopes = jax.jacfwd(lambda at: HEADS[name].log_units(drawn, block, LEVEL, at, jnp.zeros(5)))(z)
    own = np.diag(slopes)
    assert (own < 0).all()
    assert (slopes - np.diag(own) >= -1e-5).all()


@pytest.mark.parametrize(
    ("name", "over"),
    [("nested", 1e-4), ("classes", 0.5)],  # classes add what ten steps of the contraction leave: .2 in 1 of 400 draws
)
@given(seed=seeds, z=prices)
@examples(max_examples=8, deadline=None)
def test_attraction_never_sells_to_more_shoppers_than_there_are(structure, block, name, over, seed, z):
    drawn = structure(name, seed)
    shoppers = np.exp(LEVEL).sum() / (1 - drawn["outside"])
    units = np.exp(HEADS[name].log_units(drawn, block, LEVEL, 3 * z, 2 * z[::-1]))
    assert units.sum() < shoppers * (1 + over)


@ANY
def test_at_reference_prices_without_shift_units_are_the_level(structure, block, name):
    found = HEADS[name].log_units(structure(name, 5), block, LEVEL, jnp.zeros(5), jnp.zeros(5))
    np.testing.assert_allclose(found, LEVEL, atol=1e-4)


@given(seed=seeds, z=prices)
@examples(max_examples=8, deadline=None)
def test_utilities_found_once_answer_as_those_found_with_every_question(structure, block, seed, z):
    drawn, head = structure("classes", seed), HEADS["classes"]
    once = drawn | head.constants(drawn, block, LEVEL)
    each = head.log_units(drawn, block, LEVEL, z, z[::-1])
    np.testing.assert_allclose(head.log_units(once, block, np.zeros(5), z, z[::-1]), each, atol=1e-5)


@pytest.mark.parametrize("bend", [-0.5, 0.0, 1e-4, 1.0])
def test_the_curve_rises_with_slope_one_at_the_reference(bend):
    z = jnp.linspace(-0.6, 0.6, 25)
    assert (jnp.diff(curve(z, jnp.asarray(bend))) > 0).all()
    assert jax.grad(curve)(0.0, bend) == pytest.approx(1, abs=1e-4)


@given(seed=seeds, z=prices)
@examples(max_examples=20, deadline=None)
def test_what_is_asked_of_the_elasticity_head_gains_no_more_from_dearer_rivals_than_these_lose(
    structure, block, seed, z
):
    head, drawn = HEADS["elasticity"], structure("elasticity", seed)
    drawn = drawn | {"cross": 8 * drawn["cross"]}
    alone = drawn | {"cross": 0 * drawn["cross"]}
    z = np.abs(z)  # dearer ones alone: cuts of others take sales, and are no gain
    asked, without = (np.exp(head.asked(one, block, LEVEL, z, jnp.zeros(5))) for one in (drawn, alone))
    lost = np.maximum(np.exp(LEVEL) - without, 0).sum()
    assert (asked - without).sum() <= lost * (1 + 1e-3) + 1e-3
    few = drawn | {"cross": drawn["cross"] / 200}
    np.testing.assert_allclose(
        head.asked(few, block, LEVEL, z, jnp.zeros(5)), head.log_units(few, block, LEVEL, z, jnp.zeros(5)), atol=1e-4
    )
