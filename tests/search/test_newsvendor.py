"""How much to buy: the stock that earns most in expectation, and what it brings, against draws and trying all."""

import numpy as np
import pytest

from search.newsvendor import Economics, not_running_out, outcome, stock_for

DEMAND = np.array([[4.0, 40.0, 0.5, 9.0], [6.0, 55.0, 0.7, 9.0], [5.0, 35.0, 0.9, 9.0]])
DISPERSION = np.array([0.2, 0.05, 1.5, 0.0])
MONEY = Economics(*np.array([[9.0, 3.0, 8.0, 5.0], [4.0, 2.5, 1.0, 4.5], [1.0, 0.0, 0.5, -1.0]]))


def counts(size=400_000):
    draw = np.random.default_rng(0)
    mean = DEMAND[draw.integers(len(DEMAND), size=size)]
    spread = np.maximum(DISPERSION, 1e-6)
    return draw.poisson(draw.gamma(1 / spread, mean * spread))


def test_the_stock_bought_earns_as_much_as_any():
    stock = stock_for(MONEY.critical_ratio, DEMAND, DISPERSION)
    every = np.array([outcome(np.full(4, float(units)), DEMAND, DISPERSION, MONEY).profit for units in range(200)])
    np.testing.assert_array_equal(stock, every.argmax(axis=0))


def test_what_a_stock_brings_is_what_draws_bring():
    stock = np.array([6.0, 30.0, 2.0, 9.0])
    found, drawn = outcome(stock, DEMAND, DISPERSION, MONEY), counts()
    sold = np.minimum(drawn, stock)
    np.testing.assert_allclose(found.units, sold.mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(found.left_over, (stock - sold).mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(found.service_level, (drawn <= stock).mean(axis=0), atol=0.005)
    money = MONEY.net * sold + MONEY.left_over * (stock - sold) - MONEY.cost * stock
    np.testing.assert_allclose(found.profit, money.mean(axis=0), atol=0.05)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9, 0.999])
def test_a_service_level_is_reached_by_no_smaller_stock(level):
    stock = stock_for(np.full(4, level), DEMAND, DISPERSION)
    assert (not_running_out(stock, DEMAND, DISPERSION) >= level).all()
    fewer = stock - 1
    assert (not_running_out(fewer, DEMAND, DISPERSION) < level)[fewer >= 0].all()


def test_what_sells_below_its_cost_is_not_bought():
    loss = Economics(np.array([2.0]), np.array([3.0]), np.array([0.0]))
    assert loss.critical_ratio == 0
    assert stock_for(loss.critical_ratio, DEMAND[:, :1], DISPERSION[:1]) == 0
