"""The bound is never below the best of all prices, and prices read off the dual come close to it."""

import itertools
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from search.dual.solve import solve
from search.evaluate import make_evaluator
from search.genetic import optimise
from search.types import Objective

COARSE = {"type": "ladder", "step": 0.25, "every": True}
RULES = {
    "none": [],
    "margin": [{"type": "portfolio_margin", "min": 0.52}],
    "index by category": [{"type": "price_index", "min": 0.9, "max": 1.05, "by": "category"}],
    "changes": [{"type": "max_changes", "share": 0.34}],
    "least units": [{"type": "min_total", "of": "units", "share": 0.95}],
    "margin and changes": [{"type": "portfolio_margin", "min": 0.505}, {"type": "max_changes", "count": 4}],
    "one that is no sum": [{"type": "all_or_nothing", "by": "category"}],
}
OBJECTIVES = {
    "deviation": Objective(risk=0.5),
    "worst group": Objective(groups=(0, 0, 1)),
    "tail": Objective(tail=0.5),
    "revenue": Objective("revenue"),
}


@pytest.fixture(scope="module")
def small(indexed, make_offers, make_problem):
    """Six offers with five rungs each, in two choice sets, and all their vectors of rungs."""

    def make(rules=(), objective=None, seed=0, **options):
        draw = np.random.default_rng(seed)
        current = (draw.integers(12, 30, 6) / 4).round(2)
        offers = make_offers(current, family=list("ababcd"), cost=(current * draw.uniform(0.4, 0.6, 6)).round(2))
        near = {"type": "max_change", "amount": 0.5}
        options = {"demand": indexed(offers, seed=seed), "objective": objective} | options
        problem = make_problem(offers, [COARSE, near, *rules], **options)
        every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
        return problem, every

    return make


def best_of(evaluator, every: np.ndarray) -> float:
    value, violation = evaluator.fitness(every)
    return value[violation <= 0].max()


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.nightly)])
def test_no_prices_beat_the_bound_and_those_read_off_it_come_close(rules, seed, small):
    problem, every = small(RULES[rules], seed=seed)
    evaluator = make_evaluator(problem, tabulated=True)
    dual, best = solve(evaluator), best_of(evaluator, every)
    assert dual.bound >= best - 1e-5 * abs(best)
    assert dual.dropped == (("all_or_nothing",) if rules == "one that is no sum" else ())
    found = optimise(problem, seed=0, population=64, generations=40)
    value, violation = evaluator.fitness(np.stack([found.rungs] * len(every)))
    assert violation[0] == 0
    assert value[0] >= best - 1e-3 * abs(best) - 0.01
    assert found.gap == pytest.approx((found.bound - value[0]) / abs(found.bound), abs=1e-6)


@pytest.mark.nightly
def test_the_bound_of_many_offers_is_near(indexed, make_offers, make_problem):
    offers = make_offers(np.random.default_rng(0).uniform(2, 9, 120).round(2))
    near, sets = {"type": "max_change", "percent": 15}, np.arange(120) // 12
    demand = replace(indexed(offers), choice_set=jnp.asarray(sets), marks=jnp.zeros(10))
    shared = [{"type": "portfolio_margin", "min": 0.503}, {"type": "max_changes", "share": 0.25}]
    problem = make_problem(offers, [near, *shared], demand=demand)
    assert optimise(problem, seed=0, population=32, generations=5).gap < 2e-3


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_bound_holds_for_every_objective(objective, small):
    problem, every = small(objective=OBJECTIVES[objective])
    evaluator = make_evaluator(problem, tabulated=True)
    assert solve(evaluator).bound >= best_of(evaluator, every) * (1 - 1e-5)


def test_held_offers_and_shared_prices_are_bounded_too(small):
    problem, every = small([{"type": "same_price", "by": "family"}], held=np.arange(6) == 2)
    evaluator = make_evaluator(problem, tabulated=True)
    assert solve(evaluator).bound >= best_of(evaluator, every) * (1 - 1e-5)


def test_members_with_indices_of_their_own_and_prices_of_several_sets_have_no_bound(
    indexed, make_offers, make_problem, small
):
    offers = make_offers([2.0, 3.0, 4.0, 5.0])
    problem = make_problem(offers, demand=indexed(offers, own_index=True))
    assert solve(make_evaluator(problem, tabulated=True)) is None
    found = optimise(problem, seed=0, population=16, generations=2)
    assert found.bound is None
    assert found.table_error is not None
    two = make_offers([2.0, 3.0, 4.0, 5.0] * 2, stores=("a", "b"))
    shared = make_problem(two, demand=indexed(two))  # one price in both stores, each a choice set
    assert solve(make_evaluator(shared, tabulated=True)) is None
