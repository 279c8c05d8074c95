"""What the rules cost: against full enumeration, and as economics has it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from search import evaluate, genetic
from search.evaluate import make_evaluator
from search.problem import build_problem
from search.rule_costs import rule_costs
from search.rules.catalogue import build_rules

RULES = [
    {"type": "bounds"},
    {"type": "max_change", "percent": 8},
    {"type": "price_index", "min": 0.98, "max": 1.02},
    {"type": "max_changes", "count": 2},
    {"type": "portfolio_margin", "min": 0.3},
]
SMALL = {"population": 64, "steps": 80}


@pytest.fixture(scope="module")
def offers(make_offers):
    offers = make_offers([0.3, 0.36, 0.42])
    return offers.assign(min_price=[0.24, 0.3, 0.3], max_price=[0.36, 0.45, 0.5])


@pytest.fixture(scope="module")
def problem(make_problem, offers):
    return make_problem(offers, RULES)


@pytest.fixture(scope="module")
def answer(problem):
    return genetic.optimise(problem, seed=0, population=64, generations=30, steps=30)


@pytest.fixture(scope="module")
def costs(problem, answer):
    return rule_costs(problem, answer.prices, scope="product", max_rungs=64, seed=0, **SMALL)


def exact(problem, specifications) -> float:
    """The best value under these rules, by trying every price vector."""
    rules = build_rules(specifications)
    built, _ = build_problem(problem.demand, problem.offers, rules, problem.objective)
    every = np.array(list(itertools.product(*(range(length) for length in built.rungs))), np.int32)
    value, violation = make_evaluator(built, block=1024).fitness(np.resize(every, (-(-len(every) // 1024) * 1024, 3)))
    return float(value[violation <= 0].max())


def test_a_rules_cost_is_what_the_best_prices_without_it_earn_more(problem, costs):
    best = exact(problem, RULES)
    for number, rule in enumerate(problem.rules):
        without = exact(problem, RULES[:number] + RULES[number + 1 :])
        assert costs.cost[rule.name] == pytest.approx(without - best, abs=0.02 * abs(best)), rule.name


def test_the_chain_begins_without_rules_and_adds_them_one_by_one(problem, costs):
    for number, value in enumerate(costs.values):
        assert value == pytest.approx(exact(problem, RULES[:number]), rel=0.02), number


def test_no_further_rule_raises_the_gain_and_the_last_prices_are_the_answer(answer, costs):
    assert (np.diff(costs.values) <= 1e-6).all()
    assert np.array_equal(costs.chain[-1], answer.prices)


def test_costs_are_never_negative_and_a_rule_that_limits_nothing_costs_nothing(costs):
    assert min(costs.cost.values()) >= 0
    assert costs.cost["portfolio_margin"] == 0


def test_a_multiplier_is_what_a_point_more_of_room_earns(make_problem, offers):
    rules = [{"type": "bounds"}, {"type": "price_index", "max": 1.02}]
    problem = make_problem(offers, rules)
    answer = genetic.optimise(problem, seed=0, population=64, generations=30, steps=30)
    found = rule_costs(problem, answer.prices, scope="product", max_rungs=64, seed=0, **SMALL)
    more = exact(problem, [rules[0], rules[1] | {"max": 1.03}]) - exact(problem, rules)
    assert more > 0
    assert found.multiplier == {"price_index": pytest.approx(more, rel=0.05)}


def test_a_soft_rule_that_cannot_be_kept_costs_what_keeping_it_that_well_gives_up(make_problem, offers):
    rules = [{"type": "bounds"}, {"type": "min_total", "of": "units", "share": 2.0, "hard": False, "priority": 1}]
    problem = make_problem(offers, rules)
    answer = genetic.optimise(problem, seed=0, population=64, generations=30, steps=30)
    found = rule_costs(problem, answer.prices, scope="product", max_rungs=64, seed=0, **SMALL)
    assert found.cost["min_total"] == pytest.approx(exact(problem, rules[:1]) - answer.value, rel=0.02)
    assert found.cost["min_total"] > 0


def test_dropping_a_rule_that_is_not_about_single_prices_compiles_nothing_new(problem, answer, costs):
    before = evaluate._scored._cache_size()
    rule_costs(problem, answer.prices, scope="product", max_rungs=64, seed=1, **SMALL)
    assert evaluate._scored._cache_size() == before


def test_where_every_offer_is_held_rules_cost_nothing(make_offers, make_problem):
    offers = make_offers([2.0, 3.0])
    built = make_problem(offers, RULES[:2], held=np.array([True, True]))
    found = rule_costs(built, built.current, scope="product", max_rungs=64, seed=0, **SMALL)
    assert found.cost == {"bounds": 0.0, "max_change": 0.0}
    assert np.array_equal(found.chain, np.tile(built.current, (3, 1)))
