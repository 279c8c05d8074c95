"""One table of tests over every optimiser: seeds, optima, feasibility, logs, holds, bad demands."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from data_io.errors import ConfigError
from search.checker import check
from search.evaluate import make_evaluator
from search.optimisers import BLACK_BOX, make_optimiser
from search.settings import SearchSettings
from search.types import Objective

SMALL = {"population": 32, "generations": 40, "steps": 60, "starts": 2, "evaluations": 2000}
RULES = [
    {"type": "bounds"},
    {"type": "max_change", "percent": 15},
    {"type": "ending", "cents": [9, 5]},
    {"type": "unit_margin", "min": 0.2},
    {"type": "portfolio_margin", "min": 0.45},
    {"type": "price_index", "min": 0.97, "max": 1.03, "by": "category"},
    {"type": "inventory", "mode": "cap_sales"},
]

NAMES = [name for name in BLACK_BOX if name != "auto"]
every_optimiser = pytest.mark.parametrize("name", NAMES)
every_optimiser_cheaply = pytest.mark.parametrize(  # the twin on the device compiles for seconds
    "name", [pytest.param(name, marks=[pytest.mark.nightly] * (name == "genetic_on_device")) for name in NAMES]
)


def _solve(problem, name, seed=3, progress=None, **settings):
    return make_optimiser(SearchSettings(optimiser=name, **(SMALL | settings)))(problem, seed=seed, progress=progress)


@every_optimiser_cheaply
def test_the_same_seed_gives_the_same_answer_and_another_seed_another_course(name, make_problem):
    problem = make_problem(rules=RULES)
    one, two, other = _solve(problem, name), _solve(problem, name), _solve(problem, name, seed=4)
    assert np.array_equal(one.rungs, two.rungs)
    assert np.array_equal(one.runners_up, two.runners_up)
    timeless = [[{k: v for k, v in row.items() if k != "seconds"} for row in s.history] for s in (one, two, other)]
    assert timeless[0] == timeless[1]
    assert timeless[0] != timeless[2]


@every_optimiser
def test_answers_keep_every_rule_in_the_exact_checker_and_beat_holding(name, make_offers, make_problem, make_answer):
    offers = make_offers(np.linspace(2, 9, 12).round(2), stock=np.where(np.arange(12) % 3, np.inf, 12.5))
    held = np.arange(12) == 5
    problem = make_problem(offers, RULES, held=held)
    found = _solve(problem, name)
    assert found.status == "done"
    assert found.violation == 0
    assert found.value >= 0
    assert found.prices[5] == problem.current[5]
    for rungs in [found.rungs, *found.runners_up]:
        broken = [b for b in check(make_answer(problem, problem.prices(rungs)), offers, RULES) if not b.held]
        assert broken == []
    assert np.array_equal(found.prices, found.prices.round(2))


@every_optimiser_cheaply
def test_the_log_counts_candidates_and_never_gets_worse(name, make_problem):
    rows = []
    problem = make_problem(rules=RULES)
    found = _solve(problem, name, progress=rows.append, refine=0)
    assert rows == list(found.history)
    assert [row["generation"] for row in rows] == list(range(len(rows)))
    assert rows[-1]["evaluations"] == found.evaluations
    asked = np.diff([row["evaluations"] for row in rows])
    assert (asked >= SMALL["population"]).all()
    assert asked[-1] == SMALL["population"]
    steps = [(row["violation"], -row["best"]) for row in rows]
    assert steps == sorted(steps, reverse=True)
    assert set(rows[0]) >= {"generation", "evaluations", "best", "mean", "violation", "seconds"}


@every_optimiser_cheaply
def test_a_single_product_gets_the_textbook_price(name, make_offers, make_problem):
    """Constant elasticity e and cost c: the best price is c × e / (e - 1)."""
    offers = make_offers([4.0], cost=[2.0])
    problem = make_problem(offers, demand=lambda prices: (prices**-3.0)[None] * 64, max_rungs=1000)
    found = _solve(problem, name)
    assert found.prices[0] == pytest.approx(2.0 * 3 / 2, abs=0.02 if name == "random" else 0.0101)


@pytest.mark.parametrize("rules", [[], [{"type": "price_index", "min": 0.99, "max": 1.01}]])
def test_the_genetic_search_finds_the_best_of_all_by_enumeration(rules, make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 4.0, 5.0])
    ladder = {"type": "ladder", "step": 0.1}
    problem = make_problem(offers, [{"type": "max_change", "percent": 12}, ladder, *rules])
    every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    value, violation = make_evaluator(problem, block=256).fitness(every)
    best = value[violation == 0].max()
    found = _solve(problem, "genetic", seeds=["current"], population=64, generations=80)
    assert len(every) > 500
    assert found.value == pytest.approx(best, rel=1e-4)


@every_optimiser_cheaply
def test_a_demand_that_is_no_number_somewhere_never_wins(name, make_offers, make_problem):
    def broken(prices):
        return jnp.where(prices > 2.1, jnp.nan, prices**-0.5)[None]  # dearer would be better if it were a number

    found = _solve(make_problem(make_offers([2.0, 2.0]), demand=broken), name)
    assert np.isfinite(found.value)
    assert (found.prices <= 2.1).all()
    assert found.value >= 0


@every_optimiser_cheaply
def test_a_demand_that_is_never_a_number_is_reported_as_not_found(name, make_offers, make_problem):
    problem = make_problem(make_offers([2.0]), demand=lambda prices: jnp.full((1, *prices.shape), jnp.nan))
    assert _solve(problem, name).status == "not_found"


@every_optimiser_cheaply
def test_rules_that_no_candidate_keeps_are_reported_as_not_found(name, make_problem):
    rules = [{"type": "max_change", "percent": 5}, {"type": "portfolio_margin", "min": 0.95}]
    found = _solve(make_problem(rules=rules), name)
    assert found.status == "not_found"
    assert found.violation > 0
    assert len(found.runners_up) == 0


@every_optimiser_cheaply
def test_where_everything_is_held_the_answer_is_the_current_prices(name, make_problem):
    problem = make_problem(rules=[{"type": "portfolio_margin", "min": 0.9}], held=np.ones(8, bool))
    found = _solve(problem, name)
    assert (found.status, found.value, found.evaluations) == ("done", 0.0, 0)
    assert np.array_equal(found.prices, problem.current)


@every_optimiser_cheaply
def test_prices_that_cannot_move_stay(name, make_problem):
    found = _solve(make_problem(rules=[{"type": "max_change", "percent": 0}]), name)
    assert found.status == "done"
    assert found.value == pytest.approx(0, abs=1e-4)


@every_optimiser_cheaply
def test_selling_more_units_takes_lower_prices_than_earning_more_profit(name, make_problem):
    rules = [{"type": "max_change", "percent": 10}]
    units, profit = (
        _solve(make_problem(rules=rules, objective=Objective(objective)), name, against="revenue")
        for objective in ("units", "profit")
    )
    assert units.prices.mean() < profit.prices.mean() - 0.1


def test_an_infeasible_start_is_repaired_at_little_cost(make_problem):
    rules = [{"type": "max_change", "percent": 15}, {"type": "price_index", "min": 1.02, "max": 1.1}]
    assert _solve(make_problem(rules=rules), "gradient").status == "done"
    assert _solve(make_problem(rules=rules), "genetic", seeds=["current"]).status == "done"


def test_an_unknown_optimiser_or_seed_is_refused(make_problem):
    with pytest.raises(ConfigError, match="Did you mean 'genetic'"):
        make_optimiser(SearchSettings(optimiser="genetics"))
    with pytest.raises(ConfigError, match=r"search\.seeds: 'guess' is unknown"):
        _solve(make_problem(), "genetic", seeds=["current", "guess"])


def test_a_five_line_demand_needs_no_model_library():
    code = """
        import sys, numpy as np, pandas as pd
        from search.optimisers import BLACK_BOX, make_optimiser
        from search.problem import build_problem
        from search.settings import SearchSettings
        from search.types import Objective
        current = np.array([2.0, 3.0])
        offers = pd.DataFrame({"product": ["a", "b"], "store": "all", "current_price": current, "cost": current / 2,
                               "stock": np.inf})
        def demand(prices):
            return (10 * (prices / current) ** -2.5)[None]
        problem, _ = build_problem(demand, offers, (), Objective())
        for name in BLACK_BOX:
            settings = SearchSettings(optimiser=name, population=16, generations=5, steps=10, evaluations=50)
            assert make_optimiser(settings)(problem, seed=0).value > 0
        print(sorted({"flax", "hydra", "ensemble", "jointprice"} & set(sys.modules)))
    """
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=root, check=False
    )
    assert answer.stdout.strip() == "[]", answer.stderr


@pytest.mark.parametrize("name", ["genetic", "nsga2"])
def test_no_generation_after_the_first_traces_the_demand_again(name, make_offers, make_demand, make_problem):
    offers, traced = make_offers(np.linspace(2, 9, 8).round(2)), []
    asked = make_demand(offers)

    def demand(prices):
        traced.append(prices.shape)
        return asked(prices)

    problem = make_problem(offers, RULES, demand=demand)
    _solve(problem, name, generations=3, refine=1)
    once = len(traced)
    found = _solve(problem, name, generations=25, patience=25, refine=1)
    assert len(found.history) > 25
    assert len(traced) == once > 0
