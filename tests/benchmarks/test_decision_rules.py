"""Under the default rules, simple methods keep what they can, and the oracle is the best of what is allowed."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.decision_joint import ascend, elasticities
from benchmarks.decision_methods import SIMPLE, Decision, uniform_markup
from benchmarks.decisions import Case
from data_io.markets.catalogue import make_market

BAND = 0.05  # of the default rules' price index
SIMPLE_NAMES = ["uniform_markup", "ols_markup", "joint_ols"]


@pytest.fixture(scope="module")
def case():
    return Case("loglog", "exogenous", 0, None)


@pytest.fixture(scope="module")
def allowed(case):
    return case.allowed["default"]


@pytest.mark.parametrize("method", SIMPLE_NAMES)
def test_simple_methods_keep_the_rules_on_single_prices_and_almost_the_index(method, allowed):
    market = allowed.market
    prices = allowed.kept(SIMPLE[method](allowed.narrowed)).prices
    offers = allowed.problem.offers
    assert (np.abs(prices / market.hold - 1) <= 0.15 + 1e-9).all()
    for column, sign in (("min_price", 1), ("max_price", -1), ("observed_min", 1), ("observed_max", -1)):
        assert (sign * (prices - offers[column].to_numpy()) >= -1e-9).all(), column
    assert allowed.broken(prices) < 0.2 * BAND


def test_prices_outside_the_index_are_moved_back_to_its_edge_and_promise_nothing(allowed):
    market, high = allowed.market, allowed.narrowed.offers["max_price"].to_numpy()
    raised = Decision(high, promised=10.0)
    assert allowed.broken(high) > 0.02
    kept = allowed.kept(raised)
    weight, categories = allowed._recent_units(), allowed.problem.offers["category"]
    for category in categories.unique():
        rows = (categories == category).to_numpy()
        assert weight[rows] @ kept.prices[rows] / (weight[rows] @ market.hold[rows]) == pytest.approx(1 + BAND)
    assert kept.promised is None
    assert allowed.kept(replace(raised, prices=market.hold)).promised == 10.0


def test_under_bounds_alone_nothing_is_narrowed_or_moved(case):
    allowed = case.allowed["bounds"]
    assert allowed.narrowed is allowed.market
    high = allowed.market.offers["max_price"].to_numpy()
    np.testing.assert_array_equal(allowed.kept(Decision(high)).prices, high)
    assert allowed.broken(high) == 0


def test_the_oracle_under_rules_earns_more_than_holding_and_less_than_the_one_within_bounds(case, allowed):
    hold = float(allowed.market.profit(allowed.market.hold))
    assert hold < allowed.best < case.allowed["bounds"].best


def test_the_uniform_markup_is_one_factor_over_cost_within_the_bounds(case):
    market = case.market
    found = uniform_markup(market)
    low, high = (market.offers[name].to_numpy() for name in ("min_price", "max_price"))
    free = (found.prices > low) & (found.prices < high)
    factor = (found.prices / market.offers["cost"].to_numpy())[free]
    assert free.any()
    np.testing.assert_allclose(factor, factor[0])
    elasticity = found.elasticity[0]
    assert factor[0] == pytest.approx(elasticity / (elasticity + 1))


def test_joint_least_squares_finds_own_and_cross_elasticities_without_noise():
    rng = np.random.default_rng(0)
    truth = np.array([[-2.5, 0.4], [0.2, -3.0]])
    log_price = rng.normal(0, 0.1, (3, 40, 2))
    level = rng.normal(2, 0.3, (3, 1, 2))
    log_units = level + log_price @ truth.T
    sold = np.ones(log_units.shape, bool)
    sold[0, :5] = False
    slopes, levels = elasticities(log_units, log_price, sold)
    np.testing.assert_allclose(slopes, truth, atol=1e-8)
    np.testing.assert_allclose(levels, level[:, 0], atol=1e-8)


def test_prices_that_move_together_are_solved_by_a_ridge_instead_of_failing():
    rng = np.random.default_rng(0)
    common = np.repeat(rng.normal(0, 0.1, (3, 40, 1)), 2, axis=2)
    slopes, _ = elasticities(-2 * common, common, np.ones(common.shape, bool))
    np.testing.assert_allclose(slopes.sum(1), -2, atol=1e-3)
    assert np.abs(slopes).max() < 3


def test_the_ascent_ends_at_the_markup_where_products_do_not_compete():
    own = np.array([-2.5, -4.0])
    cost, hold = np.array([[1.0, 2.0]]), np.array([[2.0, 2.2]])
    best, gain = ascend(np.diag(own), np.array([[4.0, 5.0]]), cost, hold, hold / 2, hold * 2)
    np.testing.assert_allclose(best, cost * own / (own + 1), rtol=1e-3)
    assert gain > 0


def test_the_problem_under_the_truth_has_the_offers_in_the_order_of_the_market(allowed):
    market = make_market("loglog", "exogenous", 0)
    keys = ["store", "product"]
    assert (allowed.problem.offers[keys].to_numpy() == market.offers[keys].to_numpy()).all()
