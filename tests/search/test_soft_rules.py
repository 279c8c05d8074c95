"""Soft rules: they never block an answer, priorities are kept in their order, prices of breaches are weighed."""

from __future__ import annotations

import numpy as np
import pytest

from search.checker import check
from search.evaluate import make_evaluator
from search.optimisers import make_optimiser
from search.settings import SearchSettings
from search.soft import settle_all

SMALL = {"population": 32, "generations": 40, "steps": 60, "starts": 2, "evaluations": 2000}
MOVE = {"type": "max_change", "percent": 15}
DEARER = {"type": "price_index", "min": 1.08}
CHEAPER = {"type": "price_index", "max": 0.95}

good_optimisers = pytest.mark.parametrize("name", ["genetic", "gradient"])


def _solve(problem, name):
    return make_optimiser(SearchSettings(optimiser=name, **SMALL))(problem, seed=3)


def _index(problem, found, make_answer) -> float:
    answer = make_answer(problem, found.prices)
    return (answer["units_current"] * found.prices).sum() / (answer["units_current"] * problem.current).sum()


def _soft(rule, **weight):
    return rule | {"soft": True} | weight


@pytest.mark.parametrize("name", ["genetic", "gradient", "random"])
def test_a_soft_rule_that_can_be_kept_is_kept_as_if_it_were_hard(name, make_problem):
    soft, hard = (_solve(make_problem(rules=[MOVE, rule]), name) for rule in (_soft(DEARER), DEARER))
    assert np.array_equal(soft.prices, hard.prices)
    assert soft.status == hard.status
    if soft.status == "done":
        assert soft.value == pytest.approx(hard.value, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", ["genetic", "gradient", "random"])
@pytest.mark.parametrize("weight", [{"priority": 1}, {"price_per_unit": 50.0}])
def test_a_soft_rule_that_cannot_be_kept_blocks_nothing_and_hard_rules_hold(name, weight, make_problem, make_answer):
    rules = [MOVE, {"type": "price_index", "max": 1.02}, _soft(DEARER, **weight)]
    problem = make_problem(rules=rules)
    found = _solve(problem, name)
    assert found.status == "done"
    broken = check(make_answer(problem, found.prices), problem.offers, rules)
    assert [(breach.rule, breach.soft) for breach in broken] == [("price_index_2", True)]
    if name != "random" and "priority" in weight:
        assert broken[0].amount == pytest.approx(0.06, abs=5e-3)


@pytest.mark.parametrize("name", ["genetic", pytest.param("gradient", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("dearer_first", [True, False])
def test_the_lower_number_goes_first_and_the_next_as_far_as_it_can(name, dearer_first, make_problem, make_answer):
    rules = [
        MOVE,
        {"type": "price_index", "min": 0.97, "max": 1.03},
        _soft(DEARER, priority=1 if dearer_first else 2),
        _soft(CHEAPER, priority=2 if dearer_first else 1),
    ]
    problem = make_problem(rules=rules)
    assert _index(problem, _solve(problem, name), make_answer) == pytest.approx(
        1.03 if dearer_first else 0.97, abs=2e-3 if name == "genetic" else 0.012
    )


@good_optimisers
def test_the_dearer_a_breach_the_less_of_it(name, make_problem, make_answer):
    indices = []
    for price in (1e-3, 1e5):
        problem = make_problem(rules=[MOVE, _soft({"type": "price_index", "max": 0.9}, price_per_unit=price)])
        indices.append(_index(problem, _solve(problem, name), make_answer))
    free = make_problem(rules=[MOVE])
    assert indices[0] == pytest.approx(_index(free, _solve(free, name), make_answer), abs=0.005)
    hard = make_problem(rules=[MOVE, {"type": "price_index", "max": 0.9}])
    assert indices[1] == pytest.approx(_index(hard, _solve(hard, name), make_answer), abs=0.003)


def test_a_price_of_a_breach_is_taken_off_the_value_once(make_problem):
    plain, priced = (
        make_problem(rules=[MOVE, *rules])
        for rules in ([], [_soft({"type": "price_index", "max": 0.9}, price_per_unit=7)])
    )
    rungs = np.stack([plain.start] * 4)
    difference = make_evaluator(plain).fitness(rungs)[0] - make_evaluator(priced).fitness(rungs)[0]
    assert difference == pytest.approx(7 * 0.1, abs=1e-3)
    assert (make_evaluator(priced).fitness(rungs)[1] == 0).all()


@good_optimisers
def test_changes_beyond_a_soft_limit_that_cannot_be_kept_are_few(name, make_offers, make_problem, make_answer):
    offers = make_offers([2.0, 3.0, 4.0, 5.0], min_price=[2.1, 3.1, 0, 0])
    rules = [MOVE, {"type": "bounds"}, _soft({"type": "max_changes", "count": 1})]
    problem = make_problem(offers, rules)
    found = _solve(problem, name)
    assert found.status == "done"
    assert [breach.amount for breach in check(make_answer(problem, found.prices), offers, rules)] == [1.0]


def test_settled_rules_allow_the_answer_and_nothing_that_breaks_them_more(make_problem):
    problem = make_problem(rules=[MOVE, {"type": "price_index", "max": 1.02}, _soft(DEARER, priority=1)])
    found = _solve(problem, "gradient")
    cheaper = problem.start.copy()
    settled = settle_all(problem, found.prices)
    assert not any(getattr(rule, "priority", None) for rule in settled.rules)
    violation = make_evaluator(settled).fitness(np.stack([found.rungs, cheaper] * 8))[1]
    assert violation[0] <= 0 < violation[1]
    assert settle_all(settled, found.prices) is settled
