"""Responses in a table are those of the demand, and its error is told."""

import jax.numpy as jnp
import numpy as np
import pytest

from search.evaluate import make_evaluator
from search.genetic import optimise
from search.stock import Shelf
from search.table import tabulate


@pytest.mark.parametrize("own_index", [False, True])
def test_a_table_gives_the_units_of_the_demand(own_index, indexed, make_offers, make_problem):
    offers = make_offers(np.linspace(2, 9, 8).round(2), stores=("a", "b"))
    held = np.arange(8) == 5
    problem = make_problem(offers, demand=indexed(offers, own_index=own_index), scope="store_product", held=held)
    table = tabulate(problem, Shelf(np.full(8, np.inf), None))
    rungs = np.random.default_rng(0).integers(0, problem.rungs, (64, len(problem.rungs))).astype(np.int32)
    found = np.asarray(table.sold(jnp.asarray(rungs)))
    expected = np.asarray(problem.demand(jnp.asarray(problem.prices(rungs), jnp.float32)))
    assert found.shape == expected.shape == (3, 64, 8)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_fitness_by_the_table_is_that_of_the_demand_and_keeps_its_caps(indexed, make_offers, make_problem):
    offers = make_offers(np.linspace(2, 9, 8).round(2), stock=np.where(np.arange(8) < 4, 15.0, np.inf))
    rules = [{"type": "inventory"}, {"type": "portfolio_margin", "min": 0.5}]
    problem = make_problem(offers, rules, demand=indexed(offers))
    rungs = np.random.default_rng(1).integers(0, problem.rungs, (32, 8)).astype(np.int32)
    value, violation = make_evaluator(problem, tabulated=True).fitness(rungs)
    expected, broken = make_evaluator(problem).fitness(rungs)
    np.testing.assert_allclose(value, expected, atol=3e-3 * np.abs(expected).max())
    np.testing.assert_allclose(violation, broken, atol=1e-3)


def test_demands_that_declare_no_index_have_no_table(make_problem):
    problem = make_problem()
    assert tabulate(problem, Shelf(np.full(8, np.inf), None)) is None
    found = optimise(problem, seed=0, population=16, generations=2, steps=2)
    assert (found.bound, found.gap, found.table_error) == (None, None, None)


def test_a_table_too_large_is_not_made(indexed, make_offers, make_problem, monkeypatch):
    monkeypatch.setattr("search.table.MOST_BYTES", 1000)
    offers = make_offers([2.0, 3.0])
    assert tabulate(make_problem(offers, demand=indexed(offers)), Shelf(np.full(2, np.inf), None)) is None


def test_the_answer_is_valued_by_the_demand_and_the_tables_error_is_told(indexed, make_offers, make_problem):
    offers = make_offers(np.linspace(2, 9, 8).round(2))
    problem = make_problem(offers, [{"type": "portfolio_margin", "min": 0.52}], demand=indexed(offers))
    found = optimise(problem, seed=0, population=16, generations=3)
    value, violation = make_evaluator(problem).fitness(np.stack([found.rungs] * 16))
    assert found.value == pytest.approx(value[0])
    assert violation[0] == found.violation == 0
    assert 0 < found.table_error < 1e-2
