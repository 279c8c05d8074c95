"""What must hold of any rules on any prices: order and currency are no matter, and tighter rules earn no more."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from search.checker import check
from search.rules.catalogue import RULES, build_rules

SIZE = 4


def share(low: float, high: float):
    return st.integers(round(low * 100), round(high * 100)).map(lambda number: number / 100)


def number(low: int, high: int):
    return st.integers(low, high)


def asks(kind: str, **numbers):
    return st.fixed_dictionaries({"type": st.just(kind)} | numbers)


PER = st.sampled_from([["store"], ["category"], []])
KINDS = {
    "bounds": asks("bounds"),
    "max_change": asks("max_change", percent=number(0, 30)),
    "observed_range": asks("observed_range", tolerance=share(0, 0.2)),
    "ladder": asks("ladder", step=st.sampled_from([0.05, 0.1, 0.2]), every=st.booleans()),
    "ending": asks("ending", cents=st.sampled_from([[9], [5, 0], [99, 49]]), every=st.booleans()),
    "unit_margin": asks("unit_margin", min=share(0, 0.6)),
    "portfolio_margin": asks("portfolio_margin", min=share(0, 0.6)),
    "price_index": asks("price_index", max=share(0.9, 1.2), by=PER),
    "inventory": asks("inventory", mode=st.just("forbid")),
    "same_price": asks("same_price", by=st.just("family")),
    "no_touch": asks("no_touch"),
    "competitor": asks("competitor", above_percent=number(0, 20), below_percent=number(0, 30)),
    "minimum_price": asks("minimum_price", column=st.just("min_price")),
    "min_total": asks("min_total", of=st.sampled_from(["units", "revenue"]), share=share(0.7, 1.1), by=PER),
    "max_changes": asks("max_changes", share=share(0, 1), by=PER),
    "all_or_nothing": asks("all_or_nothing", by=PER),
    "order": asks("order", by=st.just("size"), per=st.sampled_from(["unit", None]), gap_percent=number(0, 20)),
}
TIGHTER = {"percent": -2, "tolerance": -0.05, "share": None, "min": 0.03, "max": -0.03, "gap_percent": 3}
TIGHTER |= {"above_percent": -3, "below_percent": -3}
"""By how much a number is tightened; a share's direction depends on the rule."""


def test_every_rule_is_drawn():
    assert set(KINDS) == set(RULES)


rule_sets = st.lists(st.sampled_from(sorted(KINDS)).flatmap(KINDS.get), min_size=1, max_size=4)
seeds = st.integers(0, 10**6)


def market(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Offers and an answer, in dollars: prices are whole cents."""
    draw = np.random.default_rng(seed)
    cents = draw.integers(100, 400, SIZE)

    def near(low: float, high: float) -> np.ndarray:
        return (cents * draw.uniform(low, high, SIZE)).round() / 100

    offers = pd.DataFrame({"product": [f"p{i}" for i in range(SIZE)], "store": draw.choice(["s0", "s1"], SIZE)}).assign(
        category=draw.choice(["c0", "c1"], SIZE),
        family=draw.choice(["a", "b"], SIZE),
        size=draw.choice([1.0, 2.0, 4.0], SIZE),
        current_price=cents / 100,
        cost=near(0.3, 0.9),
        stock=draw.choice([5.0, 20.0, np.inf], SIZE),
        min_price=near(0.7, 1.0),
        max_price=near(1.0, 1.3),
        observed_min=near(0.8, 1.0),
        observed_max=near(1.0, 1.2),
        competitor_price=np.where(draw.random(SIZE) < 0.3, np.nan, near(0.8, 1.2)),
    )
    stays = draw.random(SIZE) < 0.3
    answer = offers[["product", "store"]].assign(
        price=np.where(stays, cents / 100, near(0.75, 1.3)),
        units=draw.integers(1, 30, SIZE) * 1.0,
        units_current=draw.integers(1, 30, SIZE) * 1.0,
        status=np.where(stays & (draw.random(SIZE) < 0.4), "held", "priced"),
    )
    return offers, answer


def found(answer, offers, rules, **options) -> list[tuple]:
    """Who breaks which rule, sorted; groups are told apart by how many there are."""
    breaches = check(answer, offers, rules, scope="store_product", **options)
    return sorted((one.rule, one.product, one.store, one.held) for one in breaches)


@settings(max_examples=200, deadline=None)
@given(seeds, rule_sets, st.permutations(range(SIZE)))
def test_the_order_of_products_changes_no_verdict(seed, rules, order):
    offers, answer = market(seed)
    assert found(answer.iloc[order].reset_index(drop=True), offers, rules) == found(answer, offers, rules)


@settings(max_examples=200, deadline=None)
@given(seeds, rule_sets)
def test_cents_get_the_verdict_of_dollars(seed, rules):
    offers, answer = market(seed)
    money = ("current_price", "cost", "min_price", "max_price", "observed_min", "observed_max", "competitor_price")
    in_cents = offers.assign(**{name: (offers[name] * 100).round() for name in money})
    steps = [rule | {"step": rule["step"] * 100} if "step" in rule else rule for rule in rules]
    dearer = answer.assign(price=(answer["price"] * 100).round())
    assert found(dearer, in_cents, steps, decimals=0) == found(answer, offers, rules)


def tighter(rule: dict) -> dict:
    """The rule with each number a step tighter."""
    changed = dict(rule)
    for name, step in TIGHTER.items():
        if name in rule:
            step = (0.05 if rule["type"] == "min_total" else -0.1) if step is None else step
            changed[name] = round(max(rule[name] + step, 0.0), 4)
    return changed


@settings(max_examples=20, deadline=None)
@given(seeds, rule_sets)
def test_tighter_rules_never_raise_the_exact_optimum(seed, rules):
    offers, answer = market(seed)
    current = offers["current_price"].to_numpy()
    options = [np.unique([price, round(price * 0.93, 2), round(price * 1.09, 2)]) for price in current[:3]]
    best = {"loose": -np.inf, "tight": -np.inf}
    tight = [tighter(rule) for rule in rules]
    build_rules([*rules, *tight])
    for prices in itertools.product(*options, [current[3]]):
        units = (20 - 8 * (np.array(prices) / current - 1) * 10).round(3)
        trial = answer.assign(price=prices, units=units, units_current=20.0, status="priced")
        profit = float((np.array(prices) - offers["cost"]) @ units)
        for name, asked in (("loose", rules), ("tight", tight)):
            if profit > best[name] and not found(trial, offers, asked):
                best[name] = profit
    assert best["tight"] <= best["loose"]
