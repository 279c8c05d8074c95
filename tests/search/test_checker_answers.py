"""What the checker says of whole answers: rows, written prices, names, scopes and soft rules, and what it refuses."""

from __future__ import annotations

from decimal import Inexact

import numpy as np
import pandas as pd
import pytest

from data_io.errors import ConfigError
from search import checker
from search.checker import Breach, check


def same(breach: Breach) -> tuple:
    return breach.rule, breach.product, breach.store, breach.text, breach.held, breach.soft


def test_a_held_price_that_moved_and_one_between_two_cents_are_breaches_of_the_answer(unbroken):
    offers, answer = unbroken(price=[2.5, 3.005, 4.0, 5.0], status=["held", "priced", "priced", "priced"])
    moved, between = check(answer, offers, [])
    assert same(moved) == ("answer", "p0", "s0", "held at 2.5, not at its current price 2.0", True, False)
    assert same(between) == ("answer", "p1", "s0", "price 3.005 has more than 2 decimals", False, False)
    assert (moved.amount, between.amount) == pytest.approx((0.5, 0.005))


def test_a_missing_and_a_doubled_offer_are_counted(unbroken):
    offers, answer = unbroken()
    doubled = pd.concat([answer.drop(index=1), answer.iloc[[2]]], ignore_index=True)
    found = sorted(check(doubled, offers, []), key=lambda one: one.product)
    assert [same(one) for one in found] == [
        ("answer", "p1", "s0", "the offer stands 0 times, not once", False, False),
        ("answer", "p2", "s1", "the offer stands 2 times, not once", False, False),
    ]
    assert [one.amount for one in found] == [0.0, 2.0]


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf, "dear"])
def test_a_price_that_is_no_price_stops_the_check(price, unbroken):
    offers, answer = unbroken(price=pd.Series([2.0, 3.0, price, 5.0], dtype=object))
    (found,) = check(answer, offers, [{"type": "bounds"}])
    assert same(found) == ("answer", "p2", "s1", f"price {price} or status priced is none", False, False)
    assert np.isnan(found.amount)


def test_a_price_below_one_is_a_price(unbroken):
    offers, answer = unbroken(price=[0.5, 3.0, 4.0, 5.0])
    assert check(answer, offers, []) == []


def test_no_offers_break_no_rule(unbroken):
    offers, answer = unbroken()
    assert check(answer.iloc[:0], offers.iloc[:0], [{"type": "no_touch"}, {"type": "order", "by": "size"}]) == []


def test_rules_of_one_type_are_numbered_from_the_second_on(unbroken):
    offers, answer = unbroken(price=[2.5, 3.0, 4.0, 5.0])
    rules = [{"type": "no_touch"}, {"type": "bounds"}, *[{"type": "no_touch"}] * 2]
    assert [one.rule for one in check(answer, offers, rules)] == ["no_touch", "no_touch_2", "no_touch_3"]


@pytest.mark.parametrize(
    ("how", "soft"),
    [
        ({}, False),
        ({"hard": True}, False),
        ({"hard": False}, True),
        ({"soft": True}, True),
        ({"soft": False}, False),
        ({"soft": {"priority": 1}}, True),
    ],
)
def test_breaches_of_soft_rules_are_marked_soft(how, soft, unbroken):
    offers, answer = unbroken(price=[2.5, 3.0, 4.0, 5.0])
    assert [one.soft for one in check(answer, offers, [{"type": "no_touch", **how}])] == [soft]


def test_every_unknown_rule_and_every_missing_column_is_named(unbroken):
    offers, answer = unbroken()
    with pytest.raises(ConfigError, match="knows no rule one, two; nothing was checked"):
        check(answer, offers, [{"type": "one"}, {"type": "bounds"}, {"type": "two"}])
    there = "They have: product, store, category, .*, competitor_price"
    with pytest.raises(ConfigError, match=f"no column brand, line to check by. {there}"):
        check(answer, offers, [{"type": "same_price", "by": ["brand", "store", "line"]}])


def test_a_column_of_words_cannot_be_checked_by(unbroken):
    offers, answer = unbroken()
    with pytest.raises(ConfigError, match=r"the column category must hold numbers to check by: .*'c'"):
        check(answer, offers, [{"type": "minimum_price", "column": "category"}])


def test_a_query_that_cannot_be_read_is_refused_by_the_rule_s_name(unbroken):
    offers, answer = unbroken()
    with pytest.raises(ConfigError, match=r"^scope of rule bounds_2: "):
        check(answer, offers, [{"type": "bounds"}, {"type": "bounds", "scope": "brand == 1"}])
    with pytest.raises(ConfigError, match=r"^rule order: "):
        check(answer, offers, [{"type": "order", "lower": "brand == 1", "upper": "brand == 2"}])


def test_many_digits_stay_exact_and_too_many_are_never_rounded(unbroken, monkeypatch):
    offers, answer = unbroken(units=1 / 3)
    rule, rates = {"type": "portfolio_margin", "min": 0.1234567890123}, {"tax_rate": 0.0123456789, "fee_rate": 1 / 7}
    assert check(answer, offers, [rule], **rates) == []
    monkeypatch.setattr(checker, "DIGITS", 20)
    with pytest.raises(Inexact):
        check(answer, offers, [rule], **rates)


def test_a_current_price_between_two_cents_is_rounded_half_to_even(unbroken):
    offers, answer = unbroken(current_price=[2.125, 3.135, 4.0, 5.0], price=[2.12, 3.14, 4.0, 5.0])
    assert check(answer, offers, [{"type": "no_touch"}]) == []
    assert len(check(answer.assign(price=[2.13, 3.13, 4.0, 5.0]), offers, [{"type": "no_touch"}])) == 2
