"""The chance that a stock lasts, and prices that keep it; what a unit left over is worth."""

from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import nbinom

from search.checker import check
from search.evaluate import sold_units
from search.exact_stock import most_expected
from search.genetic import optimise as genetic
from search.service import chance_of_lasting, lasting_demand, most_sales
from search.stock import expected_sales

LASTS = {"type": "inventory", "service_level": 95}


@pytest.mark.parametrize("chance", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("dispersion", [0.01, 0.3, 2.0])
@pytest.mark.parametrize("stock", [0.0, 3.0, 80.0])
def test_at_the_demand_found_the_stock_lasts_with_just_the_chance_asked(chance, dispersion, stock):
    one = np.ones(1)
    demand = lasting_demand(chance, stock * one, dispersion * one)
    shape = 1 / dispersion
    assert nbinom.cdf(stock, shape, shape / (shape + demand[0])) == pytest.approx(chance, rel=1e-9)
    sold = most_sales(chance, stock * one, dispersion * one)
    assert sold[0] == pytest.approx(most_expected(chance, Decimal(stock), dispersion), abs=1e-7)
    if stock:
        assert chance_of_lasting(sold, stock * one, dispersion * one)[0] == pytest.approx(chance, abs=1e-6)


def test_the_chance_is_unknown_without_a_stock_or_a_dispersion_and_a_certain_demand_may_sell_it_all():
    stock, phi = np.array([np.inf, 4.0, 4.0]), np.array([0.3, np.nan, 0.3])
    assert np.isnan(chance_of_lasting(np.full(3, 2.0), stock, phi)).tolist() == [True, True, False]
    assert most_sales(0.9, stock, phi)[:2].tolist() == [np.inf, 4.0]


def test_prices_rise_until_the_stock_lasts_and_the_checker_counts_it_out_again(make_offers, make_problem, make_answer):
    offers = make_offers([3.0, 4.0, 5.0], dispersion=0.1, stock=[22.0, 60.0, np.inf])
    problem = make_problem(offers, [LASTS], scope="store_product")
    found = genetic(problem, seed=0)
    assert found.status == "done"
    answer = make_answer(problem, found.prices)
    assert check(answer, offers, [LASTS], scope="store_product") == []
    assert chance_of_lasting(answer["units"].to_numpy(), offers["stock"].to_numpy(), np.full(3, 0.1))[0] >= 0.95
    held = make_answer(problem, problem.current)
    breaches = check(held, offers, [LASTS], scope="store_product")
    assert [breach.product for breach in breaches] == ["p0"]
    assert "at which it lasts with a chance of 95.0 %" in breaches[0].text


def test_goods_that_are_worthless_unsold_are_priced_to_sell_and_goods_that_keep_are_not(make_offers, make_problem):
    offers = make_offers([3.0, 4.0], cost=[1.5, 2.5], dispersion=0.1, stock=60.0)
    prices, sold = {}, {}
    for name, more in {"kept": {}, "half": {"salvage": 0.5}, "lost": {"salvage": 0.0}}.items():
        problem = make_problem(offers, [{"type": "inventory", **more}], scope="store_product")
        prices[name] = genetic(problem, seed=0).prices
        sold[name] = sold_units(problem, prices[name][None]).mean(0)[0]
        np.testing.assert_allclose(problem.sale_cost, offers["cost"] * more.get("salvage", 1.0))
    assert (prices["lost"] < prices["half"]).all()
    assert (prices["half"] < prices["kept"]).all()
    assert (sold["lost"] > sold["kept"]).all()


def test_what_is_earned_with_salvage_is_sales_and_leftovers_less_what_was_paid(make_offers, make_problem):
    """Money of a stock bought before: net sales, and the salvage of the rest; the search's gains differ by nothing."""
    offers = make_offers([3.0], cost=2.0, dispersion=0.2, stock=30.0)
    problem = make_problem(offers, [{"type": "inventory", "salvage": 0.4, "holding_cost": 0.1}], scope="store_product")
    low, high = np.array([2.6]), np.array([3.3])
    sold = {price[0]: sold_units(problem, price[None]).mean(0)[0, 0] for price in (low, high)}
    money = {price: price * units + 0.3 * 2.0 * (30 - units) for price, units in sold.items()}
    worth = {price: (price - problem.sale_cost[0]) * units for price, units in sold.items()}
    assert money[2.6] - money[3.3] == pytest.approx(worth[2.6] - worth[3.3])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"service_level": 100}, "between 0 and 100"),
        ({"service_level": 90, "by": ["product"]}, "not for a shared one"),
        ({"salvage": 1.5}, "share of the cost from 0 to 1"),
        ({"holding_cost": 0.1}, "holding_cost needs salvage"),
        ({"mode": "forbid", "salvage": 0.5}, "for mode: cap_sales"),
    ],
)
def test_what_makes_no_sense_on_stock_is_refused_with_the_reason(make_offers, make_problem, more, said):
    from data_io.errors import ConfigError

    with pytest.raises(ConfigError, match=said):
        make_problem(make_offers([3.0], stock=5.0), [{"type": "inventory", **more}])


def test_expected_sales_grow_with_demand_up_to_the_stock():
    demand = np.geomspace(0.01, 1e4, 200)
    sold = expected_sales(demand, np.full(200, 7.0), np.full(200, 0.4))
    assert (np.diff(sold) > 0).all()
    assert sold[-1] == pytest.approx(7.0, abs=1e-3)
