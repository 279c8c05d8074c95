"""The rule max_changes: what counts, that the checker counts the same, and that the changes worth most are kept."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.errors import InfeasibleError
from search.checker import check
from search.evaluate import make_evaluator
from search.optimisers import make_optimiser
from search.settings import SearchSettings
from search.sparing import make_sparing

SMALL = {"population": 32, "generations": 40, "steps": 60, "starts": 2, "evaluations": 2000}
MOVE = {"type": "max_change", "percent": 15}


def _solve(problem, name, **settings):
    return make_optimiser(SearchSettings(optimiser=name, **(SMALL | settings)))(problem, seed=3)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_search_and_the_checker_count_the_same_changes(data, make_offers, make_problem, make_answer):
    offers = make_offers([2.0, 3.5, 5.251, 4.0])
    rule = {"type": "max_changes", "by": data.draw(st.sampled_from(["category", "store"]))}
    limits = st.one_of(
        st.builds(lambda share: {"share": share}, st.sampled_from([0, 0.25, 0.5, 0.74, 1.0])),
        st.builds(lambda count: {"count": count}, st.integers(0, 4)),
    )
    rule |= data.draw(limits)
    held = np.array(data.draw(st.sampled_from([[False] * 4, [True, False, False, False]])))
    problem = make_problem(offers, [MOVE, rule], held=held)
    moves = [data.draw(st.sampled_from([0, 0, 1])) for _ in problem.rungs]
    rungs = np.clip(problem.start + moves, 0, problem.rungs - 1).astype(np.int32)
    _, violation = make_evaluator(problem).fitness(np.stack([rungs] * 4))
    found = check(make_answer(problem, problem.prices(rungs)), offers, [rule])
    assert (violation[0] == 0) == (found == [])


@pytest.mark.parametrize("name", ["genetic", "gradient", "random"])
@pytest.mark.parametrize("limit", [{"share": 0.25, "by": "store"}, {"count": 1, "by": "category"}, {"count": 0}])
def test_answers_change_no_more_prices_than_allowed(name, limit, make_offers, make_problem, make_answer):
    offers = make_offers(np.linspace(2, 9, 12).round(2), stores=("a", "b"))
    rules = [MOVE, {"type": "max_changes", **limit}, {"type": "price_index", "min": 0.97, "max": 1.03}]
    problem = make_problem(offers, rules, scope="store_product")
    found = _solve(problem, name)
    assert found.status == "done"
    for rungs in [found.rungs, *found.runners_up]:
        assert check(make_answer(problem, problem.prices(rungs)), offers, rules, scope="store_product") == []
    if limit != {"count": 0} and name != "random":
        assert found.value > 0


@pytest.mark.parametrize("name", ["genetic", "gradient"])
def test_the_changes_worth_most_are_kept(name, make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0, 5.0, 6.0], cost=[0.9, 2.2, 2.4, 2.5, 4.1])
    rules = [MOVE, {"type": "ladder", "step": 0.25}, {"type": "max_changes", "count": 2}]
    problem = make_problem(offers, rules)
    every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    value, violation = make_evaluator(problem, block=256).fitness(every)
    assert _solve(problem, name).value == pytest.approx(value[violation == 0].max(), rel=1e-4)


def test_a_price_shared_by_stores_counts_in_each_and_rests_where_most_offers_stay(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 2.0, 3.1, 2.0, 3.1], stores=("a", "b", "c"))
    problem = make_problem(offers, [MOVE, {"type": "max_changes", "count": 4}])
    sparing = make_sparing(problem)
    assert sparing.counts.tolist() == [[3.0], [2.0]]
    assert sparing.room.tolist() == [3.0]  # p1 cannot have 3.0 and 3.1, so it changes in one store
    assert problem.prices(sparing.rest)[1::2].tolist() == [3.1, 3.1, 3.1]
    away = sparing.rest + np.array([[1, 1], [1, 0]], np.int32)
    kept = sparing.repair(away, np.array([1.0, 2.0]))
    assert (kept != sparing.rest).tolist() == [[False, True], [True, False]]


def test_more_forced_changes_than_allowed_are_refused_as_infeasible(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 2.1, 3.1], stores=("a", "b"))
    problem = make_problem(offers, [MOVE, {"type": "max_changes", "count": 1}])
    with pytest.raises(InfeasibleError, match=r"2 of 4 offers cannot keep their price, and only 1 may .*store_product"):
        _solve(problem, "gradient")


def test_held_offers_do_not_change_but_count_in_the_share(make_offers, make_problem, make_answer):
    offers = make_offers([2.0, 3.0, 4.0, 5.0])
    rule = {"type": "max_changes", "share": 0.5}
    problem = make_problem(offers, [MOVE, rule], held=np.array([True, True, False, False]))
    assert check(make_answer(problem, problem.prices(problem.start + 1)), offers, [rule]) == []
    _, violation = make_evaluator(problem).fitness(np.stack([problem.start + 1] * 4))
    assert (violation == 0).all()
