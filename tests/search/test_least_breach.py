"""Soft rules broken as little as any prices could: against full enumeration, and beside rules on demand."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from search.compiled import compile_problem
from search.conflict.programme import UNKNOWN, Answer, Programme
from search.evaluate import make_evaluator, sold_units
from search.furthest import furthest
from search.least_breach import least_breach
from search.optimisers import make_optimiser
from search.rules.base import TIGHTENING
from search.settings import SearchSettings
from search.soft import violations

SMALL = SearchSettings(population=32, generations=30, steps=40, starts=1)
ORDER = {"type": "order", "by": "size", "per": "unit", "soft": True, "priority": 1}
INDEX = {"type": "price_index", "max": 0.9, "soft": True, "priority": 2}
HARD = [{"type": "max_change", "percent": 12}, {"type": "ending", "cents": [9, 4]}, {"type": "max_changes", "count": 2}]


def sizes(make_offers, seed: int):
    draw = np.random.default_rng(seed)
    return make_offers(draw.uniform(1, 3, 3).round(2), size=draw.permutation([1.0, 1.5, 2.0]))


def soft_levels(problem) -> list[list]:
    soft = [rule for rule in problem.rules if not rule.hard]
    return [[rule for rule in soft if rule.priority == level] for level in sorted({rule.priority for rule in soft})]


def every_violation(problem) -> dict[str, np.ndarray]:
    """Violations [N] per joint rule of every price vector that keeps the hard rules."""
    rungs = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    rungs = np.resize(rungs, (-(-len(rungs) // 64) * 64, 3))
    fine = make_evaluator(problem, block=64).fitness(rungs)[1] <= 0
    prices = jnp.asarray(problem.prices(rungs[fine]), jnp.float32)
    compiled = compile_problem(problem)
    excess = compiled.excess(prices, compiled.sold(prices))
    totals = [np.maximum(np.asarray(one) + TIGHTENING, 0.0).sum(axis=-1) for one in excess]
    return {rule.name: total for rule, total in zip(compiled.rules, totals, strict=True)}


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (2, 3))])
def test_no_prices_break_the_first_rule_less_and_of_those_none_the_second(seed, make_offers, make_problem):
    problem = make_problem(sizes(make_offers, seed), [*HARD, ORDER, INDEX])
    plans = least_breach(problem, soft_levels(problem), problem.current)
    found = violations(problem, problem.prices(plans.rungs[-1]))
    truth = every_violation(problem)
    least = truth["order"].min()
    second = truth["price_index"][truth["order"] <= least + 1e-5].min()
    assert found["order"] == pytest.approx(least, abs=1e-5)
    assert found["price_index"] == pytest.approx(second, abs=1e-5)


def test_without_soft_rules_the_plan_is_the_allowed_price_nearest_to_the_wish(make_offers, make_problem):
    problem = make_problem(sizes(make_offers, 0), [*HARD[:2], ORDER])
    wished = problem.current * 1.05
    plan = problem.prices(least_breach(problem, soft_levels(problem), wished).rungs[0])
    nearest = [
        np.abs(ladder[:size] - wish).min()
        for ladder, size, wish in zip(problem.ladder, problem.rungs, wished, strict=True)
    ]
    assert np.abs(plan - wished) == pytest.approx(nearest, abs=0.005 + 1e-9)


def test_where_the_nearest_prices_take_too_long_any_prices_of_the_least_breach_are_planned(
    make_offers, make_problem, monkeypatch
):
    problem = make_problem(sizes(make_offers, 0), [*HARD, ORDER, INDEX])
    wanted = least_breach(problem, soft_levels(problem), problem.current)
    solve = Programme.solve

    def too_long_for_the_nearest(programme, *rules, least=None, **options):
        return Answer(UNKNOWN, None, {}) if least else solve(programme, *rules, **options)

    monkeypatch.setattr(Programme, "solve", too_long_for_the_nearest)
    found = least_breach(problem, soft_levels(problem), problem.current)
    broken, least = (violations(problem, problem.prices(plans.rungs[-1])) for plans in (found, wanted))
    assert broken["order"] == pytest.approx(least["order"], abs=1e-5)
    assert broken["price_index"] == pytest.approx(least["price_index"], abs=1e-5)


def test_a_rule_on_demand_gets_no_plan(make_offers, make_problem):
    problem = make_problem(make_offers([2.0, 3.0]), [{"type": "min_total", "of": "units", "share": 2.0, **_soft(1)}])
    assert least_breach(problem, soft_levels(problem), problem.current) is None


def margin(problem, prices) -> float:
    units = sold_units(problem, prices[None]).mean(axis=0)[0]
    return 1 - units @ problem.offers["cost"].to_numpy() / (units @ prices)


def _soft(priority: int) -> dict:
    return {"soft": True, "priority": priority}


@pytest.mark.parametrize("joined", [[], [{"type": "price_index", "min": 0.8}]], ids=["apart", "joined by an index"])
def test_where_a_margin_forbids_the_plan_as_a_whole_places_take_it_as_far_as_the_margin_allows(
    joined, make_offers, make_problem
):
    stores = [f"s{number}" for number in range(6)]
    offers = make_offers([2.0, 2.4], stores=stores)
    offers["size"] = offers["product"].map({"p0": 1.0, "p1": 2.0})
    offers["cost"] = offers["current_price"] * np.repeat(np.linspace(0.45, 0.55, 6), 2)
    swapped = {"type": "order", "by": "size", "direction": "not_decreasing", "gap": 0.5, **_soft(1)}
    rules = [{"type": "max_change", "percent": 10}, swapped, *joined]
    problem = make_problem(offers, rules, scope="store_product")
    plans = least_breach(problem, soft_levels(problem), problem.current)
    before, after = (margin(problem, problem.prices(rungs)) for rungs in plans.rungs)
    rules = [*rules, {"type": "portfolio_margin", "min": (before + after) / 2}]
    problem = make_problem(offers, rules, scope="store_product")
    plans = least_breach(problem, soft_levels(problem), problem.current)
    evaluator = make_evaluator(problem)
    _, violation = evaluator.fitness(np.resize(plans.rungs, (16, len(problem.rungs))))
    assert violation[0] <= 0 < violation[1]
    found = furthest(evaluator, plans, soft_levels(problem))
    broken = [violations(problem, problem.prices(rungs))["order"] for rungs in (plans.rungs[0], found, plans.rungs[1])]
    assert evaluator.fitness(np.repeat(found[None], 16, axis=0))[1][0] <= 0
    assert broken[0] > broken[1] >= broken[2]


def test_the_search_breaks_a_soft_rule_no_more_than_the_least(make_offers, make_problem):
    problem = make_problem(sizes(make_offers, 1), [*HARD, ORDER, INDEX])
    least = violations(problem, problem.prices(least_breach(problem, soft_levels(problem), problem.current).rungs[-1]))
    found = make_optimiser(SMALL)(problem, seed=0)
    assert found.status == "done"
    assert violations(problem, found.prices)["order"] <= least["order"] + 2e-4
