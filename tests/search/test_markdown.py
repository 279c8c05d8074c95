"""Markdown plans: against exact dynamic programming, enumeration and simulation, and what holds for every plan."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from data_io.errors import InfeasibleError
from search.markdown.choose import Choice, choose
from search.markdown.follow import follow
from search.markdown.values import as_outlook, price_values
from search.money import Money
from search.rules.catalogue import build_rules

LADDER = np.array([1.0, 0.8, 0.6, 0.4])
CERTAIN = 1e6


def outlook(mean=20.0, stock=60.0, decay=0.9, elasticity=2.0, periods=4, salvage=0.05, shape=CERTAIN, ladder=LADDER):
    return as_outlook(
        shape=np.full((1, 1), shape),
        mean=np.full((1, 1), mean),
        pace=decay ** np.arange(periods)[None, None],
        elasticity=np.full((1, 1), elasticity),
        stock=np.array([stock]),
        prices=ladder[None],
        worth=ladder[None],
        left_over=np.array([salvage]),
        dispersion=1e-6,
    )


def exactly(mean, stock, decay, elasticity, periods, salvage) -> np.ndarray:
    """Worth of each first price where popularity is known and counts are Poisson, over whole stocks, in float64."""
    after = np.repeat(salvage * np.arange(stock + 1)[:, None], len(LADDER), axis=1)
    for period in reversed(range(periods)):
        best = np.maximum.accumulate(after[:, ::-1], axis=1)[:, ::-1]
        now = np.zeros_like(after)
        for rung, price in enumerate(LADDER):
            rate = mean * decay**period * price**-elasticity
            for left in range(stock + 1):
                sold = np.arange(left + 1)
                chance = poisson.pmf(sold, rate)
                chance[-1] = poisson.sf(left - 1, rate)
                now[left, rung] = chance @ (price * sold + best[left - sold, rung])
        after = now
    return after[stock]


@pytest.mark.parametrize("mean", [4.0, 12.0, 30.0])
@pytest.mark.parametrize("salvage", [0.0, 0.3])
def test_prices_are_worth_what_exact_dynamic_programming_says(mean, salvage):
    case = {"mean": mean, "decay": 0.9, "elasticity": 2.0, "periods": 4, "salvage": salvage}
    found = np.asarray(price_values(outlook(stock=60.0, **case)))[0, 0]
    wanted = exactly(stock=60, **case)
    np.testing.assert_allclose(found, wanted, rtol=0.01)
    assert wanted[found.argmax()] >= 0.998 * wanted.max()


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(0.5, 80),
    stock=st.floats(1, 300),
    elasticity=st.floats(0.5, 4),
    shape=st.sampled_from([2.0, 8.0, 1e6]),
)
def test_more_stock_more_demand_and_a_dearer_rest_are_never_worth_less(mean, stock, elasticity, shape):
    def worth(**changed):
        case = {"mean": mean, "stock": stock, "elasticity": elasticity, "shape": shape} | changed
        return float(np.asarray(price_values(outlook(**case))).max())

    plain = worth()
    assert 0.05 * stock * 0.999 <= plain <= stock * 1.001
    assert worth(stock=1.3 * stock) >= plain * 0.995
    assert worth(mean=1.3 * mean) >= plain * 0.995
    assert worth(salvage=0.2) >= plain * 0.999


def test_not_knowing_popularity_is_never_worth_more_than_knowing_it():
    shape, draws = 4.0, np.random.default_rng(0).gamma(4.0, 20.0 / 4.0, 300)
    unknown = float(np.asarray(price_values(outlook(shape=shape))).max())
    known = np.mean([float(np.asarray(price_values(outlook(mean=max(one, 0.1)))).max()) for one in draws])
    assert unknown <= known * 1.01


def test_following_the_plan_earns_what_it_is_worth():
    for shape in (6.0, CERTAIN):
        faced = outlook(shape=shape)
        values = np.asarray(price_values(faced))[0, 0]
        first = int(values.argmax())
        course = follow(faced, np.ones((1, 1)), np.array([first]), seed=1, draws=4000)
        error = course.money.std() / 4000**0.5
        assert course.money.mean() == pytest.approx(values[first], abs=4 * error + 0.01 * values[first])
        assert (np.diff(course.prices[0], axis=-1) <= 1e-7).all()
        assert (course.left >= 0).all()
        np.testing.assert_allclose(course.units.sum(-1) + course.left[..., -1], 60.0, atol=1e-3)


def choice(make_offers, rules, count=5) -> tuple[Choice, np.ndarray]:
    offers = make_offers(np.linspace(10, 20, count).round(2))
    money = Money(2)
    prices = money.minor(offers["current_price"].to_numpy()[:, None] * LADDER)
    values = np.random.default_rng(7).uniform(0, 100, prices.shape)
    units = np.full(count, 3.0)
    return Choice(offers, build_rules(rules), np.ones(count, bool), money, units, prices=prices), values


@pytest.mark.parametrize(
    ("rules", "fine"),
    [
        ([], lambda change, price: True),
        ([{"type": "max_changes", "count": 2}], lambda change, price: change.sum() <= 2),
        ([{"type": "max_change", "percent": 25}], lambda change, price: (price >= 0.75).all()),
        ([{"type": "same_price", "by": "category"}], None),
    ],
    ids=["none", "max_changes", "max_change", "same_price"],
)
def test_of_all_prices_that_the_rules_allow_those_worth_most_are_taken(rules, fine, make_offers):
    if fine is None:
        made, values = choice(make_offers, rules)
        made = replace(made, prices=np.tile(made.prices[:1], (5, 1)))
        first = made.offers["current_price"].iloc[0]
        made = replace(made, offers=made.offers.assign(current_price=first, category="coats"))
        chosen = choose(made, values)
        assert (chosen == values.sum(0).argmax()).all()
        return
    made, values = choice(make_offers, rules)
    chosen = choose(made, values)
    every = np.array(list(itertools.product(range(len(LADDER)), repeat=5)))
    allowed = np.array([fine(one > 0, LADDER[one]) for one in every])
    total = values[np.arange(5), every].sum(1)
    assert values[np.arange(5), chosen].sum() == pytest.approx(total[allowed].max())


def test_rules_that_leave_no_price_of_the_ladder_name_the_offer(make_offers):
    made, values = choice(make_offers, [{"type": "ladder", "prices": [3.33], "every": True}])
    with pytest.raises(InfeasibleError, match="p0"):
        choose(made, values)
