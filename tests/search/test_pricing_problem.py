"""Building problems: decisions, ladders, holds and infeasible rules."""

from __future__ import annotations

import time

import numpy as np
import pytest

from data_io.errors import ConfigError, InfeasibleError
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective


def _build(make_demand, offers, rules=(), objective=None, **options):
    return build_problem(make_demand(offers), offers, build_rules(rules), objective or Objective(), **options)


def test_scope_product_gives_one_decision_per_product_and_store_product_one_per_offer(make_offers, make_demand):
    offers = make_offers([2.0, 3.0] * 3, stores=("a", "b", "c"))
    assert _build(make_demand, offers)[0].decision.tolist() == [0, 1] * 3
    assert _build(make_demand, offers, scope="store_product")[0].decision.tolist() == list(range(6))
    assert _build(make_demand, offers, scope="store")[0].decision.tolist() == [0, 0, 1, 1, 2, 2]


def test_same_price_joins_what_the_scope_left_apart_and_blank_families_stay_alone(make_offers, make_demand):
    offers = make_offers([2.0, 2.1, 2.2, 2.3], family=["x", None, "x", None])
    problem, _ = _build(make_demand, offers, [{"type": "same_price", "by": "family"}])
    assert problem.decision.tolist() == [0, 1, 0, 2]


def test_chains_of_shared_keys_become_one_decision(make_offers, make_demand):
    offers = make_offers([2.0] * 4, one=["x", "x", None, "y"], other=[None, "u", "u", None])
    rules = [{"type": "same_price", "by": "one"}, {"type": "same_price", "by": "other"}]
    assert _build(make_demand, offers, rules)[0].decision.tolist() == [0, 0, 0, 1]


def test_an_unknown_scope_is_refused_with_the_closest_column(make_offers, make_demand):
    with pytest.raises(ConfigError, match="Did you mean 'category'"):
        _build(make_demand, make_offers([2.0]), scope="categry")
    with pytest.raises(ConfigError, match="rule same_price: the offers have no column 'family'"):
        _build(make_demand, make_offers([2.0]), [{"type": "same_price", "by": "family"}])


def test_held_offers_have_no_decision_and_do_not_narrow_the_others(make_offers, make_demand):
    offers = make_offers([2.0, 2.0], stores=("a", "b"), max_price=[1.5, 9.0])
    offers = offers.iloc[[0, 2]].reset_index(drop=True) if len(offers) > 2 else offers
    held = np.array([True] + [False] * (len(offers) - 1))
    problem, reasons = _build(make_demand, offers, [{"type": "bounds"}], held=held)
    assert problem.decision[0] == -1
    assert (problem.decision[1:] >= 0).all()
    assert set(reasons) == {""}
    assert problem.ladder.max() > 1.5


def test_offers_without_a_common_price_are_held_with_the_reason(make_offers, make_demand):
    offers = make_offers([2.0, 9.0, 4.0, 9.1], stores=("a", "b"))
    problem, reasons = _build(make_demand, offers, [{"type": "max_change", "percent": 5}])
    assert problem.decision.tolist() == [-1, 0, -1, 0]
    assert reasons[1] == reasons[3] == ""
    assert "no one price is allowed in all of its 2 offers (current prices from 2.00 to 4.00)" in reasons[0]
    assert "max_change needs >= 3.80, max_change allows <= 2.10" in reasons[0]
    assert "search.scope=store_product" in reasons[0]
    assert len(problem.rungs) == len(problem.ladder) == len(problem.start) == 1


def test_an_offer_without_any_price_stops_the_search_and_all_are_named(make_offers, make_demand):
    offers = make_offers([5.0, 6.0, 7.0], cost=[5.12, 1.0, 6.8], max_price=[5.99, 9.0, 7.2])
    with pytest.raises(InfeasibleError) as caught:
        _build(make_demand, offers, [{"type": "bounds"}, {"type": "unit_margin", "min": 0.2}])
    message = str(caught.value)
    assert "2 of 3 offers" in message
    assert "p0 (all): unit_margin needs >= 6.40, bounds allows <= 5.99" in message
    assert "p2 (all): unit_margin needs >= 8.50, bounds allows <= 7.20" in message
    assert "p1" not in message


def test_endings_that_no_price_in_the_bounds_has_are_infeasible_unless_the_price_may_stay(make_offers, make_demand):
    rules = [{"type": "bounds"}, {"type": "ending", "cents": [9]}]
    offers = make_offers([5.03], min_price=[5.01], max_price=[5.05])
    assert _build(make_demand, offers, rules)[0].ladder.tolist() == [[5.03]]
    with pytest.raises(InfeasibleError, match=r"no price from 5\.01 to 5\.05 fits ending"):
        _build(make_demand, offers.assign(current_price=4.0), rules)


def test_without_bounding_rules_prices_move_at_most_by_a_factor_of_two(make_offers, make_demand):
    problem, _ = _build(make_demand, make_offers([3.0]), max_rungs=10_000)
    assert (problem.ladder[0, 0], problem.ladder[0, -1]) == (1.5, 6.0)


def test_thinned_ladders_keep_both_ends_and_the_current_price(make_offers, make_demand):
    offers = make_offers([9.87])
    problem, _ = _build(make_demand, offers, [{"type": "max_change", "percent": 15}], max_rungs=16)
    ladder = problem.ladder[0, : problem.rungs[0]]
    assert len(ladder) <= 16
    assert (ladder[0], ladder[-1]) == (8.39, 11.35)
    assert ladder[problem.start[0]] == 9.87
    assert np.diff(ladder).max() < 3 * np.diff(ladder)[:-1].mean()


def test_currencies_without_and_with_three_decimals_have_their_own_grid(make_offers, make_demand):
    rules = [{"type": "max_change", "percent": 1}]
    assert _build(make_demand, make_offers([500.0]), rules, decimals=0)[0].ladder[0].tolist() == list(range(495, 506))
    assert _build(make_demand, make_offers([0.5]), rules, decimals=3)[0].ladder[0, 0] == 0.495


def test_profit_without_cost_is_refused_and_revenue_is_not(make_offers, make_demand):
    offers = make_offers([5.0, 6.0], cost=[2.0, np.nan])
    with pytest.raises(ConfigError, match=r"1 have none, e\.g\. p1.*objective=revenue"):
        _build(make_demand, offers)
    assert _build(make_demand, offers, held=np.array([False, True]))[0].decision.tolist() == [0, -1]
    assert len(_build(make_demand, offers, objective=Objective("revenue"))[0].rungs) == 2
    with pytest.raises(ConfigError, match=r"objective\.name is one of"):
        _build(make_demand, offers, objective=Objective("margin"))


@pytest.mark.parametrize(("products", "stores"), [(3500, 1), (11, 83), (1, 3000)])
def test_large_problems_are_built_in_seconds(products, stores, make_offers, make_demand):
    generator = np.random.default_rng(0)
    current = generator.uniform(5, 6, products * stores).round(2)
    offers = make_offers(current, stores=tuple(f"s{i}" for i in range(stores)))
    rules = [
        {"type": "bounds"},
        {"type": "max_change", "percent": 15},
        {"type": "observed_range", "tolerance": 0.5},
        {"type": "unit_margin", "min": 0.05},
        {"type": "ending", "cents": [9, 5], "scope": "category == 'c0'"},
    ]
    started = time.perf_counter()
    problem, _ = build_problem(None, offers, build_rules(rules), Objective())
    assert time.perf_counter() - started < 4
    assert len(problem.rungs) == products
