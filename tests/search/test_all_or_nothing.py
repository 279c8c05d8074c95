"""The rule all_or_nothing: search and checker agree, answers keep it, and the best mix of groups is found."""

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

SMALL = {"population": 32, "generations": 60, "steps": 60, "starts": 2, "evaluations": 2000}
MOVE = {"type": "max_change", "percent": 15}
TOGETHER = {"type": "all_or_nothing", "by": "category"}


def _solve(problem, name):
    return make_optimiser(SearchSettings(optimiser=name, **SMALL))(problem, seed=3)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_search_and_the_checker_agree_on_who_moves_together(data, make_offers, make_problem, make_answer):
    offers = make_offers([2.0, 3.5, 5.251, 4.0])
    rule = {"type": "all_or_nothing", "by": data.draw(st.sampled_from(["category", "store"]))}
    rule |= data.draw(st.sampled_from([{}, {"scope": "product != 'p1'"}]))
    held = np.array(data.draw(st.sampled_from([[False] * 4, [True, False, False, False]])))
    problem = make_problem(offers, [MOVE, rule], held=held)
    moves = [data.draw(st.sampled_from([0, 1])) for _ in problem.rungs]
    rungs = np.clip(problem.start + moves, 0, problem.rungs - 1).astype(np.int32)
    _, violation = make_evaluator(problem).fitness(np.stack([rungs] * 4))
    found = check(make_answer(problem, problem.prices(rungs)), offers, [rule])
    assert (violation[0] == 0) == (found == [])
    assert found == [] or 0 < found[0].amount <= 0.5


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_repaired_candidate_keeps_both_rules(data, make_offers, make_problem):
    offers = make_offers([2.0, 3.5, 5.25, 4.0, 2.0, 3.6, 5.25, 4.0], stores=("a", "b"))
    by = data.draw(st.sampled_from(["category", "store", ["category", "store"]]))
    rules = [MOVE, {"type": "all_or_nothing", "by": by}, {"type": "max_changes", "count": data.draw(st.integers(0, 8))}]
    problem = make_problem(offers, rules, scope="store_product")
    seed = data.draw(st.integers(0, 99))
    generator = np.random.default_rng(seed)
    rungs = generator.integers(0, problem.rungs, (16, len(problem.rungs))).astype(np.int32)
    rungs = np.where(generator.random(rungs.shape) < 0.5, rungs, problem.start).astype(np.int32)
    for repaired in make_sparing(problem).varied(rungs, np.zeros(len(problem.rungs)), generator):
        answer = offers[["product", "store"]].assign(price=problem.prices(repaired), status="priced")
        assert check(answer, offers, rules, scope="store_product") == []


@pytest.mark.parametrize("name", ["genetic", "gradient", "random"])
def test_answers_move_groups_as_a_whole(name, make_offers, make_problem, make_answer):
    offers = make_offers(np.linspace(2, 9, 12).round(2), stores=("a", "b"))
    rules = [MOVE, TOGETHER | {"by": ["category", "store"]}, {"type": "max_changes", "share": 0.5}]
    problem = make_problem(offers, rules, scope="store_product")
    found = _solve(problem, name)
    assert found.status == "done"
    for rungs in [found.rungs, *found.runners_up]:
        assert check(make_answer(problem, problem.prices(rungs)), offers, rules, scope="store_product") == []
    assert found.value > 0


@pytest.mark.parametrize("name", ["genetic", "gradient"])
@pytest.mark.parametrize("most", [4, 2])
def test_the_best_groups_are_moved_and_the_others_rest(name, most, make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0, 5.0], cost=[1.1, 2.2, 2.4, 2.5])
    rules = [MOVE, {"type": "ladder", "step": 0.25}, TOGETHER, {"type": "max_changes", "count": most}]
    problem = make_problem(offers, rules)
    every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    value, violation = make_evaluator(problem, block=256).fitness(every)
    best = value[violation == 0].max()
    assert best > 0
    assert _solve(problem, name).value == pytest.approx(best, rel=1e-4)


def test_an_offer_that_cannot_change_holds_its_group(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0, 5.0], min_price=[2.0, 0, 0, 0], max_price=[2.0, np.inf, np.inf, np.inf])
    found = _solve(make_problem(offers, [MOVE, {"type": "bounds"}, TOGETHER]), "genetic")
    changed = found.prices != offers["current_price"].to_numpy()
    assert changed.tolist() == [False, True, False, True]


def test_a_group_that_must_change_and_cannot_is_refused_as_infeasible(make_offers, make_problem):
    limits = {"min_price": [2.0, 0, 4.1, 0], "max_price": [2.0, 9, 9, 9]}
    offers = make_offers([2.0, 3.0, 4.0, 5.0], **limits)
    problem = make_problem(offers, [MOVE, {"type": "bounds"}, TOGETHER])
    with pytest.raises(InfeasibleError, match=r"all_or_nothing: .* p2 \(all\) cannot keep its price and p0 \(all\)"):
        _solve(problem, "genetic")
    free = make_offers([2.0, 3.0, 4.0, 5.0], min_price=[0, 0, 4.1, 0])
    found = _solve(make_problem(free, [MOVE, {"type": "bounds"}, TOGETHER]), "genetic")
    assert (found.prices[[0, 2]] != free["current_price"].to_numpy()[[0, 2]]).all()
