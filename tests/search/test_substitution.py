"""Who finds a shelf empty may take another product: expected sales against shoppers on the way, prices against all
vectors."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.evaluate import demanded_units, make_evaluator, sold_units
from search.genetic import optimise as genetic
from search.stock import DEAREST
from search.table import tabulate

QUALITY = np.array([1.2, 0.9, 0.6, 0.2, 0.5])
STORES = np.array([0, 0, 0, 1, 1])
CURRENT = np.array([3.0, 3.2, 2.8, 3.1, 3.0])
SLOPE, SHOPPERS = 1.3, 60.0


def choices(prices, there=1.0):
    """[..., S] shoppers of two stores who buy at most one of the things that are there, by logit."""
    odds = there * jnp.exp(QUALITY + 3.0 - SLOPE * prices)
    whole = jnp.stack([odds[..., store == STORES].sum(-1) for store in (0, 1)], -1)[..., STORES]
    return SHOPPERS * odds / (1 + whole)


DEMAND = jax.tree_util.Partial(lambda prices: choices(prices)[None])
ELASTICITY = -SLOPE * CURRENT * (1 - np.asarray(choices(CURRENT)) / SHOPPERS)


def problem_of(make_offers, make_problem, stock, rule=(), **columns):
    offers = make_offers(CURRENT, store=STORES, stock=stock, own_elasticity=ELASTICITY, **columns)
    ladder = {"type": "ladder", "prices": np.arange(2.5, 4.0, 0.15).round(2).tolist()}
    rules = [{"type": "inventory", **dict(rule)}, ladder]
    return make_problem(offers, rules, demand=DEMAND, scope="store_product")


def sold_in_time(prices, stock):
    """[S] sales of a period in which shoppers come one after the other and choose among what is left."""
    left, sold, time = np.array(stock, float), np.zeros(len(stock)), 1.0
    while time > 1e-12:
        rate = np.asarray(choices(prices, left > 1e-9), np.float64)
        step = min(time, np.min(np.where(rate > 0, left / np.maximum(rate, 1e-12), np.inf)))
        sold, left, time = sold + rate * step, left - rate * step, time - step
    return sold


@pytest.mark.parametrize(
    "stock", [[4, 99, 99, 3, 99], [9, 6, 99, 99, 5], [0, 99, 99, 99, 99], [99, 0, 99, 0, 99], [2, 2, 99, 1, 99]]
)
def test_sales_of_what_is_left_are_those_of_shoppers_who_come_one_after_the_other(make_offers, make_problem, stock):
    problem = problem_of(make_offers, make_problem, np.array(stock, float))
    sold, truth = sold_units(problem, CURRENT[None])[0, 0], sold_in_time(CURRENT, stock)
    alone = np.minimum(demanded_units(problem, CURRENT[None])[0, 0], stock)
    others = np.array(stock) == 99
    np.testing.assert_allclose(sold[~others], truth[~others], rtol=0.12)
    gained = (sold - alone)[others].sum() / (truth - alone)[others].sum()
    assert 0.6 < gained < 1.2, "the additional sales of the substitutes are told roughly, not a multiple"
    np.testing.assert_allclose(sold[others], truth[others], rtol=0.08)


def test_nobody_takes_a_substitute_where_the_rule_says_so_or_everything_is_there(make_offers, make_problem):
    stock = np.array([4.0, 99, 99, 99, 99])
    leave = problem_of(make_offers, make_problem, stock, {"substitution": False})
    turn = problem_of(make_offers, make_problem, stock)
    plenty = problem_of(make_offers, make_problem, np.full(5, 999.0))
    capped = np.minimum(np.asarray(choices(CURRENT)), stock)
    np.testing.assert_allclose(sold_units(leave, CURRENT[None])[0, 0], capped, rtol=1e-6)
    np.testing.assert_allclose(sold_units(plenty, CURRENT[None])[0, 0], choices(CURRENT), rtol=1e-6)
    sold = sold_units(turn, CURRENT[None])[0, 0]
    assert (sold[1:3] > 1.05 * capped[1:3]).all()
    np.testing.assert_allclose(sold[3:], capped[3:], rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(
    cheap=st.floats(0.05, 1.0),
    stock=st.floats(0.0, 20.0),
    prices=st.lists(st.floats(0.6, 1.6), min_size=4, max_size=4),
)
def test_a_bargain_that_sells_out_sends_nobody_more_to_the_others_than_not_being_there(
    make_offers, make_problem, cheap, stock, prices
):
    """A search would live on it: a price far too low, sold out at once, and its crowd at the neighbours' high ones."""
    problem = problem_of(make_offers, make_problem, np.array([stock, 999, 999, 999, 999]))
    asked = CURRENT * np.array([cheap, *prices])
    sold = sold_units(problem, asked[None])[0, 0]
    gone = np.asarray(choices(asked, np.array([0, 1, 1, 1, 1])))
    assert (sold[1:3] <= gone[1:3] * (1 + 1e-5)).all()
    assert sold[0] <= stock + 1e-6


def test_joint_prices_with_substitution_are_within_half_a_per_cent_of_the_best_of_all_vectors(
    make_offers, make_problem
):
    stock = np.array([6.0, 14.0, np.inf, 5.0, np.inf])
    problem = problem_of(make_offers, make_problem, stock, dispersion=0.1)
    every = np.array(list(itertools.product(*map(range, problem.rungs))), np.int32)
    values = make_evaluator(problem, block=512).fitness(every)[0]
    assert genetic(problem, seed=0).value >= 0.995 * values.max()


def test_no_price_is_taken_for_more_than_the_dearest_that_the_demand_may_be_asked(make_offers, make_problem):
    asked = []

    def watched(prices):
        asked.append(np.asarray(prices))
        return demanded_units(problem, prices)

    problem = problem_of(make_offers, make_problem, np.array([0.0, 1.0, 99.0, 99.0, 99.0]))
    problem.shelf.sales(demanded_units(problem, CURRENT[None]), CURRENT[None], watched)
    factor = asked[0][0] / CURRENT
    assert factor[0] == DEAREST
    assert 1 < factor[1] <= DEAREST
    np.testing.assert_allclose(factor[2:], 1.0)


def test_no_table_stands_for_sales_that_hang_on_other_offers_stock(make_offers, make_problem, indexed):
    offers = make_offers([3.0, 4.0], stock=5.0, warehouse="n")
    plain, pooled, turning = (
        make_problem(some, [{"type": "inventory", "by": by}], demand=indexed(offers))
        for some, by in ((offers, []), (offers, ["warehouse"]), (offers.assign(own_elasticity=-2.0), []))
    )
    assert tabulate(plain, plain.shelf) is not None
    assert tabulate(pooled, pooled.shelf) is None
    assert tabulate(turning, turning.shelf) is None
