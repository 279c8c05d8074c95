"""Joint rules: their excess against the checker's exact arithmetic, and what they exempt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from search.binding import joint_excess
from search.checker import check
from search.evaluate import make_evaluator, sold_units
from search.optimisers import make_optimiser
from search.rules.base import TIGHTENING
from search.settings import SearchSettings
from search.types import Objective

RULES = st.one_of(
    st.builds(lambda m: {"type": "portfolio_margin", "min": m}, st.sampled_from([0.4, 0.5])),
    st.builds(
        lambda low, width, by: {"type": "price_index", "min": low, "max": low + width, "by": by},
        st.sampled_from([0.97, 1.01]),
        st.just(0.02),
        st.sampled_from([None, "category", ["category", "store"]]),
    ),
    st.just({"type": "inventory", "mode": "forbid"}),
    st.builds(
        lambda of, floor, by: {"type": "min_total", "of": of, **floor, "by": by},
        st.sampled_from(["units", "revenue"]),
        st.sampled_from([{"share": 0.95}, {"share": 1.02}, {"min": 60.0}, {"min": 150.0, "share": 0.9}]),
        st.sampled_from([None, "category"]),
    ),
)


def _without_none(rule: dict) -> dict:
    return {key: value for key, value in rule.items() if value is not None}


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_feasible_candidates_pass_the_checker_and_clear_violations_do_not(
    data, make_offers, make_demand, make_problem, make_answer
):
    rule = _without_none(data.draw(RULES))
    rule["scope"] = data.draw(st.sampled_from(["category == 'c0'", "current_price > 0"]))
    offers = make_offers([2.0, 3.5, 5.25, 4.0])
    offers["stock"] = data.draw(st.lists(st.sampled_from([5.0, 20.0, 30.0, np.inf]), min_size=4, max_size=4))
    held = np.array(data.draw(st.lists(st.booleans(), min_size=4, max_size=4)))
    assume(not held.all())
    problem = make_problem(offers, [{"type": "max_change", "percent": 20}, rule], held=held)
    rungs = np.array([data.draw(st.integers(0, int(length) - 1)) for length in problem.rungs], np.int32)
    _, violation = make_evaluator(problem).fitness(np.stack([rungs] * 4))
    prices = problem.prices(rungs)
    found = [breach for breach in check(make_answer(problem, prices), offers, [rule]) if not breach.held]
    if violation[0] == 0:
        assert found == []
    if violation[0] > 10 * TIGHTENING * len(offers):
        assert found != []


def test_the_index_of_a_group_is_laspeyres(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0, 5.0])
    problem = make_problem(offers, [{"type": "price_index", "max": 1.05, "by": "category"}])
    weights = np.array([1.0, 2.0, 3.0, 4.0])
    excess = joint_excess(problem, np.array([2.2, 3.0, 4.0, 5.0]), weights, weights)["price_index"]
    assert excess == pytest.approx([(2.2 + 12) / 14 - 1.05, -0.05], abs=1e-6)


def test_a_margin_of_a_portfolio_weighs_by_expected_units(make_offers, make_problem):
    offers = make_offers([2.0, 4.0], cost=[1.0, 3.0])
    problem = make_problem(offers, [{"type": "portfolio_margin", "min": 0.3}])
    excess = joint_excess(problem, problem.current, np.array([3.0, 1.0]), np.ones(2))["portfolio_margin"]
    assert excess == pytest.approx([0.3 - 4 / 10], abs=1e-6)


def test_capped_sales_stop_at_the_stock_exactly(make_offers, make_demand, make_problem):
    offers = make_offers([2.0, 4.0], stock=[0.1, np.inf])
    problem = make_problem(offers, [{"type": "inventory", "mode": "cap_sales"}])
    sold = sold_units(problem, problem.current[None])
    assert (sold[:, 0, 0] == 0.1).all()
    assert (sold[:, 0, 1] > 1).all()
    uncapped = make_problem(offers, [{"type": "inventory", "mode": "cap_sales", "scope": "current_price > 3"}])
    assert (sold_units(uncapped, problem.current[None])[:, 0, 0] > 1).all()


def test_a_group_of_held_offers_alone_cannot_make_the_others_infeasible(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0, 5.0], cost=[1.0, 2.9, 1.0, 4.9])
    held = np.array([False, True, False, True])  # category c1, which has hardly any margin
    rule = {"type": "portfolio_margin", "min": 0.4, "scope": "category == 'c1'"}
    problem = make_problem(offers, [rule], held=held)
    _, violation = make_evaluator(problem).fitness(np.stack([problem.start] * 4))
    assert (violation == 0).all()
    _, violation = make_evaluator(make_problem(offers, [rule], held=held & (offers["product"] != "p1"))).fitness(
        np.stack([np.zeros(3, np.int32)] * 4)
    )
    assert (violation > 0).all()


def test_a_group_that_sells_nothing_breaks_no_joint_rule(make_offers, make_problem):
    rules = [{"type": "price_index", "max": 1.0, "min": 1.0}, {"type": "portfolio_margin", "min": 0.9}]
    problem = make_problem(make_offers([2.0, 3.0]), rules, demand=lambda prices: 0.0 * prices[None])
    _, violation = make_evaluator(problem).fitness(np.zeros((4, 2), np.int32))
    assert violation == pytest.approx(0, abs=10 * TIGHTENING)


def test_a_floor_of_revenue_is_net_of_tax_and_its_share_is_of_what_current_prices_bring(make_offers, make_problem):
    offers = make_offers([2.0, 4.0])
    floors = [{"min": 10.0}, {"share": 0.9}, {"min": 10.0, "share": 0.9}]
    rules = [{"type": "min_total", "of": "revenue", **floor} for floor in floors]
    problem = make_problem(offers, rules, Objective(tax_rate=0.25))
    excess = joint_excess(problem, np.array([3.0, 3.0]), np.array([2.0, 1.0]), np.array([2.0, 2.0]))
    expected = [1 - 7.2 / 10, 1 - 7.2 / (0.9 * 9.6), 1 - 7.2 / 10]
    assert [value[0] for value in excess.values()] == pytest.approx(expected, abs=1e-6)
    answer = offers[["product", "store"]].assign(price=3.0, units=[2.0, 1.0], units_current=2.0, status="priced")
    found = check(answer, offers, rules, tax_rate=0.25, scope="store_product")
    assert [breach.amount for breach in found] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["genetic", "gradient"])
def test_a_floor_of_units_takes_profit_for_volume(name, make_problem, make_answer):
    found = {}
    for floor in ([], [{"type": "min_total", "of": "units", "share": 1.1}]):
        problem = make_problem(rules=[{"type": "max_change", "percent": 15}, *floor])
        settings = SearchSettings(optimiser=name, population=32, generations=40, steps=60, starts=2)
        answer = make_answer(problem, make_optimiser(settings)(problem, seed=3).prices)
        found[len(floor)] = answer["units"].sum() / answer["units_current"].sum()
        assert check(answer, problem.offers, floor) == []
    assert found[1] >= 1.1 > found[0]
