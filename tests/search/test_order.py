"""The rule order: who is compared, ties and gaps in exact agreement with the checker, and answers that keep it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_io.errors import ConfigError
from search.checker import check
from search.evaluate import make_evaluator
from search.optimisers import make_optimiser
from search.rules.catalogue import build_rules
from search.settings import SearchSettings

MOVE = {"type": "max_change", "percent": 25}
LABEL = {"type": "order", "lower": "label == 'own'", "upper": "label == 'brand'", "within": "size"}
RULES = st.one_of(
    st.builds(
        lambda per, direction, gap: {"type": "order", "by": "size", "direction": direction, **per, **gap},
        st.sampled_from([{}, {"per": "unit"}]),
        st.sampled_from(["not_increasing", "not_decreasing"]),
        st.sampled_from([{}, {"gap_percent": 7.5}, {"gap": 0.001}]),
    ),
    st.builds(lambda gap: LABEL | gap, st.sampled_from([{}, {"gap_percent": 10}, {"gap": 0.05}])),
)


@pytest.fixture(scope="module")
def packs(make_offers):
    """Two stores of four packs; unit prices fall with the size, but for the last, and two are tied."""
    columns = {"size": [330.0, 500.0, 1000.0, 1500.0] * 2, "label": ["own", "brand", "own", "brand"] * 2}
    return make_offers([0.99, 1.5, 3.0, 4.4] * 2, stores=("a", "b"), **columns)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_search_and_the_checker_agree_on_every_vector_of_prices(data, make_offers, make_problem, make_answer):
    sizes = data.draw(st.lists(st.sampled_from([250.0, 330.0, 500.0, 1000.0, np.nan]), min_size=4, max_size=4))
    label = data.draw(st.lists(st.sampled_from(["own", "brand", None]), min_size=4, max_size=4))
    current = data.draw(st.lists(st.sampled_from([0.99, 1.5, 2.0, 3.0, 1.234]), min_size=4, max_size=4))
    offers = make_offers(current, size=sizes, label=label)
    held = np.array(data.draw(st.lists(st.booleans(), min_size=4, max_size=4)))
    assume(not held.all())
    rule = data.draw(RULES)
    problem = make_problem(offers, [MOVE, rule], held=held)
    rungs = np.array([data.draw(st.integers(0, int(length) - 1)) for length in problem.rungs], np.int32)
    _, violation = make_evaluator(problem).fitness(np.stack([rungs] * 4))
    found = [breach for breach in check(make_answer(problem, problem.prices(rungs)), offers, [rule]) if not breach.held]
    assert (violation[0] == 0) == (found == [])


@pytest.mark.parametrize("name", ["genetic", "gradient"])
@pytest.mark.parametrize(
    "rule", [{"type": "order", "by": "size", "per": "unit", "gap_percent": 2}, LABEL | {"within": [], "gap_percent": 5}]
)
def test_answers_are_in_order_though_the_current_prices_are_not(name, rule, packs, make_problem, make_answer):
    packs = (
        packs[packs["label"].ne("own") | packs["size"].ne(1000)].reset_index(drop=True) if "lower" in rule else packs
    )
    problem = make_problem(packs, [MOVE, rule], scope="store_product")
    settings = SearchSettings(optimiser=name, population=32, generations=40, steps=60, starts=2)
    found = make_optimiser(settings)(problem, seed=3)
    assert found.status == "done"
    assert check(make_answer(problem, found.prices), packs, [rule], scope="store_product") == []
    if rule.get("by"):
        assert check(make_answer(problem, problem.current), packs, [rule], scope="store_product") != []


def test_offers_of_other_stores_brands_and_sizes_are_not_compared(packs):
    (rule,) = build_rules([LABEL])
    assert rule.pairs(packs) == []  # no size has both labels
    (rule,) = build_rules([LABEL | {"within": []}])
    assert rule.pairs(packs) == [(x, y) for store in (0, 4) for x in (store, store + 2) for y in (store + 1, store + 3)]
    (rule,) = build_rules([{"type": "order", "by": "size", "within": "label"}])
    assert rule.pairs(packs) == [(2, 0), (3, 1), (6, 4), (7, 5)]


def test_a_tie_keeps_the_order_and_a_cent_breaks_it(packs, make_problem, make_answer):
    rule = {"type": "order", "by": "size", "per": "unit", "scope": "size in [500, 1000]"}
    problem = make_problem(packs, [MOVE, rule], scope="store_product")
    dearer = problem.start + (packs["size"].to_numpy() == 1000)
    _, violation = make_evaluator(problem).fitness(np.stack([problem.start, dearer] * 2))
    assert violation[0] == 0
    assert violation[1] > 0
    (breach, _) = check(make_answer(problem, problem.prices(dearer)), packs, [rule], scope="store_product")
    assert (breach.rule, breach.product, breach.store) == ("order", "p2", "a")
    assert "price 3.01 of p2 is too high beside 1.5 of p1" in breach.text


def test_sizes_that_are_no_numbers_are_refused_with_the_value(make_offers, make_problem):
    offers = make_offers([2.0, 3.0], size=["small", "large"])
    with pytest.raises(ConfigError, match="the column size must hold numbers, not 'small'"):
        make_evaluator(make_problem(offers, [{"type": "order", "by": "size"}]))
    with pytest.raises(ConfigError, match="the column size must hold positive numbers, not '0'"):
        make_evaluator(make_problem(offers.assign(size=[0, 1]), [{"type": "order", "by": "size", "per": "unit"}]))
