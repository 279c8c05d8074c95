"""Rules on single prices: what they allow, alone and against the exact checker."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.errors import ConfigError, InfeasibleError
from search.checker import check
from search.money import Money
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective

RULES = {
    "bounds": st.just({"type": "bounds"}),
    "max_change": st.one_of(
        st.builds(lambda p: {"type": "max_change", "percent": p}, st.sampled_from([0, 0.5, 3, 7.5, 15, 33.3])),
        st.builds(lambda a: {"type": "max_change", "amount": a}, st.sampled_from([0.01, 0.1, 0.333, 2])),
    ),
    "observed_range": st.builds(lambda t: {"type": "observed_range", "tolerance": t}, st.sampled_from([0, 0.05, 0.1])),
    "ladder": st.sampled_from(
        [
            {"type": "ladder", "step": 0.05},
            {"type": "ladder", "step": 0.25, "from": 0.09},
            {"type": "ladder", "prices": [1.0, 1.99, 2.49, 5.0, 9.99]},
        ]
    ),
    "ending": st.sampled_from([{"type": "ending", "cents": c} for c in ([9], [9, 5], [95, 99], [0, 50], 9)]),
    "no_touch": st.just({"type": "no_touch"}),
    "competitor": st.sampled_from(
        [
            {"type": "competitor", "above_percent": 3, "below_percent": 7.5},
            {"type": "competitor", "above_percent": -2},
            {"type": "competitor", "above": 0.155, "below": 1},
        ]
    ),
    "minimum_price": st.just({"type": "minimum_price", "column": "floor"}),
    "unit_margin": st.builds(lambda m: {"type": "unit_margin", "min": m}, st.sampled_from([-0.2, 0.0, 0.1, 0.333])),
}
PRICES = st.integers(30, 1500).map(lambda minor: minor / 100)


def _allowed(rule: dict, offers, prices, **money) -> np.ndarray:
    return build_rules([rule])[0].allows(offers, np.asarray(prices, np.float64), Money(**money))


@pytest.mark.parametrize("kind", RULES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_rule_allows_exactly_the_prices_that_the_checker_passes(kind, data, make_offers):
    rule = data.draw(RULES[kind])
    current = data.draw(st.lists(PRICES, min_size=1, max_size=3))
    offers = make_offers(current).assign(
        min_price=[data.draw(st.sampled_from([0.0, 0.9, 2.005])) for _ in current],
        max_price=[data.draw(st.sampled_from([np.inf, 4.0, 9.999])) for _ in current],
    )
    tax_rate, fee_rate = data.draw(st.sampled_from([(0.0, 0.0), (0.19, 0.0), (0.2, 0.15)]))
    offers["cost"] = [data.draw(PRICES) for _ in current]
    offers["competitor_price"] = [data.draw(st.sampled_from([np.nan, 1.0, 2.49, 5.005])) for _ in current]
    offers["floor"] = [data.draw(st.sampled_from([np.nan, 1.0, 2.005])) for _ in current]
    prices = np.array([[data.draw(PRICES), price] for price in current])
    allowed = _allowed(rule, offers, prices, tax_rate=tax_rate, fee_rate=fee_rate)
    for choice in (0, 1):
        answer = offers[["product", "store"]].assign(
            price=prices[:, choice], units=1.0, units_current=1.0, status="priced"
        )
        broken = {breach.product for breach in check(answer, offers, [rule], tax_rate=tax_rate, fee_rate=fee_rate)}
        assert allowed[:, choice].tolist() == [product not in broken for product in offers["product"]]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_price_on_a_ladder_breaks_a_rule_and_none_allowed_is_missing(data, make_offers, make_problem):
    kinds = data.draw(st.lists(st.sampled_from(sorted(RULES)), unique=True, max_size=4))
    rules = [data.draw(RULES[kind]) for kind in kinds]
    offers = make_offers([data.draw(st.integers(50, 400).map(lambda minor: minor / 100))], floor=1.005)
    offers["competitor_price"] = data.draw(st.sampled_from([np.nan, 1.25, 3.005]))
    try:
        problem = make_problem(offers, rules, max_rungs=10_000)
    except InfeasibleError:
        ladder = np.zeros(0)
    else:
        ladder = problem.ladder[0, : problem.rungs[0]]
        distance = np.abs(ladder - offers["current_price"][0])
        assert distance[problem.start[0]] == distance.min()
    # Without a rule that bounds a side, the search itself goes to half and twice the current price.
    grid = np.arange(np.ceil(offers["current_price"][0] * 50), offers["current_price"][0] * 200 + 0.5) / 100
    allowed = np.ones(len(grid), bool)
    for rule in build_rules(rules):
        allowed &= rule.allows(offers, grid[None])[0]
    inside = ladder[(ladder >= grid[0]) & (ladder <= grid[-1])]
    assert inside.tolist() == grid[allowed].tolist()


def test_the_edge_of_a_change_is_allowed_to_the_cent(make_offers):
    offers = make_offers([2.0])  # 2.0 * 1.15 is 2.3 on paper and less in floating point
    assert _allowed({"type": "max_change", "percent": 15}, offers, [[1.69, 1.70, 2.30, 2.31]]).tolist() == [
        [False, True, True, False]
    ]


def test_bounds_and_margins_judge_an_unchanged_price_too(make_offers):
    offers = make_offers([5.0], cost=[4.9], max_price=[4.0])
    assert not _allowed({"type": "bounds"}, offers, [[5.0]]).any()
    assert not _allowed({"type": "unit_margin", "min": 0.1}, offers, [[5.0]]).any()


@pytest.mark.parametrize("rule", [{"type": "ending", "cents": [9]}, {"type": "ladder", "step": 0.1}])
def test_an_unchanged_price_may_keep_an_ending_that_changed_prices_may_not_have(rule, make_offers):
    assert _allowed(rule, make_offers([5.03]), [[5.03, 5.02]]).tolist() == [[True, False]]


def test_a_product_never_seen_may_only_keep_its_price(make_offers):
    offers = make_offers([5.0], observed_min=[np.nan], observed_max=[np.nan])
    assert _allowed({"type": "observed_range"}, offers, [[4.99, 5.0, 5.01]]).tolist() == [[False, True, False]]


@pytest.mark.parametrize("rule", [{"type": "ending", "cents": [9]}, {"type": "ladder", "step": 0.1, "from": 0.09}])
def test_where_every_price_is_judged_one_that_does_not_fit_must_change(rule, make_offers, make_demand):
    offers = make_offers([2.05, 3.29])
    rules = [{"type": "max_change", "amount": 0.5}, rule | {"every": True}]
    problem, _ = build_problem(make_demand(offers), offers, build_rules(rules), Objective())
    ladders = [row[:length].tolist() for row, length in zip(problem.ladder, problem.rungs, strict=True)]
    assert 2.05 not in ladders[0]
    assert 3.29 in ladders[1]
    answer = offers[["product", "store"]].assign(price=[2.05, 3.29], units=1.0, units_current=1.0, status="priced")
    assert [breach.product for breach in check(answer, offers, rules, scope="store_product")] == ["p0"]
    assert check(answer.assign(status="held"), offers, rules, scope="store_product") == []


def test_two_digit_endings_are_read_as_two_digits(make_offers):
    rule = {"type": "ending", "cents": [95, 99]}
    assert _allowed(rule, make_offers([1.0]), [[1.95, 1.99, 1.09, 1.85]]).tolist() == [[True, True, False, False]]


def test_tax_and_fee_are_taken_off_before_the_margin(make_offers):
    offers = make_offers([10.0], cost=[5.0])
    margin = {"type": "unit_margin", "min": 0.5}
    assert _allowed(margin, offers, [[10.0]]).all()
    assert not _allowed(margin, offers, [[10.0]], tax_rate=0.2).any()
    assert _allowed(margin, offers, [[12.0]], tax_rate=0.2).all()
    assert not _allowed(margin, offers, [[12.0]], tax_rate=0.2, fee_rate=0.01).any()


def test_a_margin_rule_names_offers_without_cost(make_offers, make_problem):
    offers = make_offers([5.0, 6.0], cost=[2.0, np.nan])
    with pytest.raises(ConfigError, match=r"rule unit_margin: 1 of its offers have no cost, e\.g\. p1"):
        _allowed({"type": "unit_margin", "min": 0.1}, offers, [[5.0], [6.0]])


def test_a_ladder_finer_than_the_currency_is_refused(make_offers):
    with pytest.raises(ConfigError, match="more than 2 decimals"):
        _allowed({"type": "ladder", "step": 0.125}, make_offers([5.0]), [[5.0]])
    assert _allowed({"type": "ladder", "step": 0.125}, make_offers([5.0]), [[5.125]], decimals=3).all()


def test_corridors_floors_and_untouched_prices_end_where_they_should(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0], competitor_price=[2.0, np.nan, np.nan], floor=[np.nan, 2.505, np.nan])
    rules = [
        {"type": "competitor", "above_percent": 5, "below": 0.255},
        {"type": "minimum_price", "column": "floor"},
        {"type": "no_touch", "scope": "product == 'p2'"},
    ]
    problem = make_problem(offers, rules)
    ends = [(row[0], row[-1]) for row in problem.ladder]
    assert ends == [(1.75, 2.1), (2.51, 6.0), (4.0, 4.0)]
    answer = offers[["product", "store"]].assign(price=[2.11, 2.5, 4.01], units=1.0, units_current=1.0, status="priced")
    found = check(answer, offers, rules)
    assert [(breach.rule, breach.product) for breach in found] == [
        ("competitor", "p0"),
        ("minimum_price", "p1"),
        ("no_touch", "p2"),
    ]
    assert [breach.amount for breach in found] == pytest.approx([0.01, 0.005, 0.01])


def test_a_floor_that_is_no_price_is_refused_with_its_value(make_offers):
    with pytest.raises(ConfigError, match="the column floor must hold prices, not 'low'"):
        _allowed({"type": "minimum_price", "column": "floor"}, make_offers([2.0], floor=["low"]), [[2.0]])
