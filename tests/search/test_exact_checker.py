"""The independent checker: planted breaches of every rule are found, held offers are exempt or marked, no JAX."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from data_io.errors import ConfigError
from search.checker import check


@pytest.fixture
def offers(make_offers):
    return make_offers([2.0, 3.0, 4.0, 5.0], family=["x", "x", "y", None], min_price=1.0, max_price=9.0)


@pytest.fixture
def answer(offers):
    return offers[["product", "store"]].assign(
        price=[2.09, 2.99, 4.05, 5.0],
        units=[10.0, 20.0, 5.0, 8.0],
        units_current=[11.0, 20.0, 5.0, 8.0],
        status="priced",
    )


RULES = {
    "bounds": {"type": "bounds"},
    "max_change": {"type": "max_change", "percent": 10},
    "observed_range": {"type": "observed_range"},
    "ladder": {"type": "ladder", "step": 0.01},
    "ending": {"type": "ending", "cents": [9, 5]},
    "unit_margin": {"type": "unit_margin", "min": 0.4},
    "portfolio_margin": {"type": "portfolio_margin", "min": 0.45},
    "price_index": {"type": "price_index", "min": 0.9, "max": 1.1, "by": "category"},
    "inventory": {"type": "inventory", "mode": "forbid"},
    "same_price": {"type": "same_price", "by": "family", "scope": "family == 'y'"},
}


def test_a_valid_answer_breaks_nothing(answer, offers):
    assert check(answer, offers, list(RULES.values())) == []


@pytest.mark.parametrize(
    ("rule", "planted", "amount"),
    [
        ("bounds", {"offers": {"max_price": 2.98}, "row": 1}, 0.01),
        ("bounds", {"offers": {"min_price": 3.0}, "row": 1}, 0.01),
        ("max_change", {"answer": {"price": 3.35}, "row": 1}, 0.35),
        ("observed_range", {"offers": {"observed_max": 2.98}, "row": 1}, 0.01),
        ("observed_range", {"offers": {"observed_min": np.nan}, "row": 1}, 0.01),
        ("ladder", {"rule": {"step": 0.05}, "row": 1}, None),
        ("ladder", {"rule": {"step": None, "prices": [2.09, 4.05]}, "row": 1}, None),
        ("ending", {"answer": {"price": 2.98}, "row": 1}, None),
        ("unit_margin", {"offers": {"cost": 1.8}, "row": 1}, None),
        ("unit_margin", {"offers": {"cost": np.nan}, "row": 1}, None),
        ("inventory", {"offers": {"stock": 19.5}, "row": 1}, 0.5),
    ],
)
def test_a_planted_breach_of_one_offer_is_found_with_its_amount(rule, planted, amount, answer, offers):
    row, rules = planted["row"], dict(RULES)
    for table, name in ((offers, "offers"), (answer, "answer")):
        for column, value in planted.get(name, {}).items():
            table.loc[row, column] = value
    rules[rule] = rules[rule] | planted.get("rule", {})
    found = [breach for breach in check(answer, offers, list(rules.values())) if breach.product == "p1"]
    assert [(breach.rule, breach.store, breach.held) for breach in found] == [(rule, "all", False)]
    if amount is not None:
        assert found[0].amount == pytest.approx(amount)


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("portfolio_margin", {"min": 0.6}),
        ("price_index", {"max": 1.02}),
        ("price_index", {"min": 1.0}),
        ("same_price", {"scope": "family == 'x'"}),
    ],
)
def test_a_planted_breach_of_a_group_is_found(rule, change, answer, offers):
    rules = RULES | {rule: RULES[rule] | change}
    assert [breach.rule for breach in check(answer, offers, list(rules.values()))] == [rule]


def test_one_billionth_beyond_a_portfolio_margin_is_a_breach(make_offers):
    offers = make_offers([4.0], cost=[3.0])
    answer = offers[["product", "store"]].assign(price=4.0, units=1 / 3, units_current=1.0, status="priced")
    assert check(answer, offers, [{"type": "portfolio_margin", "min": 0.25}]) == []
    assert len(check(answer, offers, [{"type": "portfolio_margin", "min": 0.250000001}])) == 1


def test_offers_of_one_scope_key_must_share_one_price(make_offers):
    offers = make_offers([2.0, 3.0] * 2, stores=("a", "b"))
    answer = offers[["product", "store"]].assign(
        price=[2.1, 3.0, 2.2, 3.0], units=1.0, units_current=1.0, status="priced"
    )
    (breach,) = check(answer, offers, [])
    assert breach.rule == "search.scope"
    assert "p0 has several prices, from 2.1 to 2.2" in breach.text
    assert check(answer, offers, [], scope="store_product") == []
    answer.loc[2, ["price", "status"]] = [2.0, "held"]
    assert check(answer, offers, []) == []


def test_held_offers_are_exempt_from_change_rules_and_their_other_breaches_are_marked(answer, offers):
    answer.loc[1, ["price", "status"]] = [3.0, "held"]
    offers.loc[1, ["max_price", "cost", "observed_max"]] = [2.5, 2.9, 2.5]
    answer.loc[0, "price"] = 2.0
    rules = [RULES[name] for name in ("bounds", "observed_range", "ending", "unit_margin", "portfolio_margin")]
    found = check(answer, offers, rules)
    assert [(breach.rule, breach.product, breach.held) for breach in found] == [
        ("bounds", "p1", True),
        ("unit_margin", "p1", True),
        ("portfolio_margin", "", False),
    ]


def test_a_held_offer_without_known_units_sells_nothing_and_a_priced_one_cannot_be_checked(answer, offers):
    answer.loc[1, ["price", "units", "units_current", "status"]] = [3.0, np.nan, np.nan, "held"]
    rules = [RULES["portfolio_margin"], RULES["price_index"]]
    assert check(answer, offers, rules) == []
    answer.loc[1, "status"] = "priced"
    assert [breach.rule for breach in check(answer, offers, rules)] == ["portfolio_margin", "price_index"]


def test_a_held_offer_must_keep_its_price_and_a_priced_one_the_decimals(answer, offers):
    answer.loc[0, "status"] = "held"
    answer.loc[2, "price"] = 4.055
    assert [(breach.rule, breach.product) for breach in check(answer, offers, [])] == [
        ("answer", "p0"),
        ("answer", "p2"),
    ]


def test_a_current_price_between_two_cents_counts_as_unchanged_when_rounded(make_offers):
    offers = make_offers([2.4567])
    answer = offers[["product", "store"]].assign(price=2.46, units=1.0, units_current=1.0, status="priced")
    rules = [{"type": "ending", "cents": [9]}, {"type": "max_change", "amount": 0}]
    assert check(answer, offers, rules) == []
    assert len(check(answer.assign(price=2.45), offers, rules)) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: answer.drop(index=1),
        lambda answer: answer.assign(product=["p0", "p0", "p2", "p3"]),
        lambda answer: answer.assign(price=[2.09, np.nan, 4.05, 5.0]),
        lambda answer: answer.assign(price=[2.09, -2.99, 4.05, 5.0]),
        lambda answer: answer.assign(status=["priced", "maybe", "priced", "priced"]),
    ],
)
def test_rows_missing_doubled_or_unreadable_are_breaches(spoil, answer, offers):
    assert "p1" in {breach.product for breach in check(spoil(answer), offers, [])}


def test_a_rule_that_the_checker_does_not_know_is_never_passed_over(answer, offers):
    with pytest.raises(ConfigError, match="the checker knows no rule max_chances"):
        check(answer, offers, [{"type": "max_chances", "share": 0.2}])


def test_a_column_that_the_offers_lack_is_refused_by_name(answer, offers):
    with pytest.raises(ConfigError, match="no column brand to check by"):
        check(answer, offers, [{"type": "same_price", "by": "brand"}])
    with pytest.raises(ConfigError, match="no column zone to check by"):
        check(answer, offers, [], scope="zone")


def test_the_checker_imports_neither_jax_nor_the_rules_of_the_search():
    code = "import search.checker, sys; print(sorted({'jax', 'search.rules', 'search.rules.base'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert answer.stdout.strip() == "[]"


def test_twenty_thousand_offers_are_checked_in_seconds(make_offers):
    generator = np.random.default_rng(0)
    offers = make_offers(generator.uniform(2, 9, 20_000).round(2))
    answer = offers[["product", "store"]].assign(
        price=(offers["current_price"] * 1.05).round(2),
        units=generator.gamma(2, 3, 20_000),
        units_current=generator.gamma(2, 3, 20_000),
        status="priced",
    )
    started = time.perf_counter()
    found = check(answer, offers, [rule for name, rule in RULES.items() if name not in ("ending", "same_price")])
    assert time.perf_counter() - started < 8
    assert found == []
