"""Expected sales from a stock: of counts, against draws; the lesser of the two where counts are certain."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from search.rules.catalogue import build_rules
from search.stock import expected_sales, shelf_of

CAPPED = build_rules([{"type": "inventory"}])


def shelf(stock, dispersion):
    return shelf_of(CAPPED, pd.DataFrame({"product": "a", "store": "s", "stock": stock, "dispersion": dispersion}))


def drawn(mean, dispersion, size, seed=0):
    draw = np.random.default_rng(seed)
    return draw.poisson(draw.gamma(1 / dispersion, mean * dispersion, size))


@pytest.mark.parametrize("mean", [0.4, 6.0, 250.0])
@pytest.mark.parametrize("dispersion", [0.02, 0.3, 2.0])
def test_expected_sales_are_those_of_a_million_draws_from_no_stock_to_three_times_the_mean(mean, dispersion):
    stock = np.unique(np.ceil(mean * np.array([0, 0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3])))
    counts = drawn(mean, dispersion, 1_000_000)
    simulated = np.array([np.minimum(counts, each).mean() for each in stock])
    np.testing.assert_allclose(expected_sales(mean, stock, dispersion), simulated, rtol=0.005)
    looked_up = shelf(stock, dispersion).served(np.full(len(stock), mean))
    np.testing.assert_allclose(looked_up, simulated, rtol=0.01)


def test_expected_sales_are_less_than_the_lesser_of_demand_and_stock_and_grow_with_both():
    demand, stock = np.geomspace(0.1, 300, 60)[:, None], np.arange(0.0, 60.0)
    sold = shelf(stock, 0.4).served(np.broadcast_to(demand, (60, 60)))
    assert (sold <= np.minimum(demand, stock)).all()
    assert (np.diff(sold, axis=0) >= -1e-9).all()
    assert (np.diff(sold, axis=1) >= -1e-3 * sold[:, 1:]).all()


def test_without_a_known_dispersion_sales_are_the_lesser_of_demand_and_stock():
    demand = np.array([[1.0, 5.0, 9.0]])
    for certain in (shelf([4.0, 4.0, np.inf], np.nan), shelf([4.0, 4.0, np.inf], [np.nan, np.nan, 0.3])):
        assert certain.share is None
        np.testing.assert_array_equal(certain.served(demand), [[1.0, 4.0, 9.0]])


def test_offers_with_and_without_a_dispersion_or_a_stock_stand_side_by_side():
    mixed = shelf([4.0, 4.0, np.inf, 0.0], [np.nan, 0.3, 0.3, 0.3])
    sold = mixed.served(np.array([9.0, 9.0, 9.0, 9.0]))
    assert sold[0] == 4.0
    assert 3.0 < sold[1] < 4.0
    assert sold[2] == 9.0
    assert sold[3] == 0.0
    np.testing.assert_array_equal(mixed.served(np.zeros(4)), 0.0)


def test_compiled_sales_are_those_of_float64_and_their_slope_is_the_chance_that_one_more_is_served():
    exact = shelf([4.0, 30.0, np.inf], 0.3)
    compiled = jax.tree.map(lambda array: jnp.asarray(array, jnp.float32), exact)
    demand = np.array([6.0, 22.0, 5.0])
    np.testing.assert_allclose(jax.jit(compiled.served)(jnp.asarray(demand)), exact.served(demand), rtol=1e-5)
    slope = jax.grad(lambda units: compiled.served(units).sum())(jnp.asarray(demand))
    step = 0.01 * demand
    up, down = (expected_sales(demand + way * step, np.array([4.0, 30.0, 1e6]), 0.3) for way in (1, -1))
    np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=0.05)
