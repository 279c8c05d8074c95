"""Genetic operators on whole populations: ladders, ranks, selection, and DEAP's part."""

from __future__ import annotations

import random

import numpy as np
import pytest
from deap import tools
from hypothesis import given, settings
from hypothesis import strategies as st

from search import genetic, operators
from search.evaluate import make_evaluator
from search.journal import Journal


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 300), min_size=1, max_size=12),
    size=st.integers(2, 33),
    seed=st.integers(0, 2**32),
    share=st.floats(0, 1),
)
def test_every_operator_stays_on_the_ladders_and_keeps_the_shape(lengths, size, seed, share):
    rungs, generator = np.array(lengths), np.random.default_rng(seed)
    start = rungs // 2
    population = operators.initial(generator, start[None], rungs, size)
    children = operators.crossover(generator, population, rungs, share)
    mutants = operators.mutation(generator, children, rungs, start, share)
    for result in (population, children, mutants):
        assert result.shape == (size, len(rungs))
        assert result.dtype == np.int32
        assert (result >= 0).all()
        assert (result < rungs).all()
    assert np.array_equal(population[0], start)


def test_crossover_mixes_only_the_genes_of_its_two_parents_or_moves_between_them():
    generator, rungs = np.random.default_rng(0), np.full(50, 1000)
    parents = np.tile(np.array([[100], [200]]), (20, 50)).astype(np.int32)
    children = operators.crossover(generator, parents, rungs, 1.0)
    swapped = np.isin(children, [100, 200]).all(axis=1)
    assert 0 < swapped.sum() < len(children)
    assert (np.ptp(children[~swapped], axis=1) == 0).all()  # a blend moves all genes together
    assert np.array_equal(operators.crossover(generator, parents, rungs, 0.0), parents)


def test_feasible_candidates_rank_by_value_and_the_others_by_violation():
    value = np.array([1.0, 5.0, 9.0, 7.0, -np.inf])
    violation = np.array([0.0, 0.0, 0.2, 0.1, 0.0])
    assert operators.ranks(value, violation, 0.0).tolist() == [1, 0, 4, 3, 2]
    assert operators.ranks(value, violation, 0.1).tolist() == [2, 1, 4, 0, 3]


def test_larger_tournaments_choose_better_rows():
    rank = np.random.default_rng(0).permutation(200)
    mean = [rank[operators.tournament(np.random.default_rng(1), rank, size)].mean() for size in (1, 2, 6)]
    assert mean[0] > mean[1] > mean[2]


def test_mutation_changes_few_genes_near_their_place_most_often():
    rungs, generator = np.full(100, 200), np.random.default_rng(0)
    population = np.full((2000, 100), 100, np.int32)
    mutants = operators.mutation(generator, population, rungs, np.full(100, 100), 0.1)
    changed = (mutants != population).sum(axis=1)
    assert np.median(changed) <= 5
    assert changed.max() > 10
    assert np.median(np.abs(mutants - 100)[mutants != 100]) < 15


def test_the_search_draws_nothing_from_global_random_numbers(make_problem):
    problem = make_problem()
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].copy()
    first = genetic.optimise(problem, seed=0, population=16, generations=5, steps=5)
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])
    random.seed(2)
    np.random.seed(2)
    assert np.array_equal(genetic.optimise(problem, seed=0, population=16, generations=5, steps=5).rungs, first.rungs)


@pytest.mark.parametrize(("population", "elite"), [(5, 0), (4, 100), (33, 4)])
def test_odd_populations_and_extreme_elites_work(population, elite, make_problem):
    found = genetic.optimise(
        make_problem(), seed=0, population=population, elite=elite, generations=4, seeds=["current"]
    )
    assert found.evaluations == 4 * population


def test_the_search_stops_when_nothing_improves(make_problem):
    problem = make_problem(rules=[{"type": "max_change", "percent": 0}])
    found = genetic.optimise(problem, seed=0, population=8, generations=500, patience=7, seeds=["current"])
    assert len(found.history) <= 10


def test_champions_and_log_are_deaps(make_problem):
    problem = make_problem()
    journal = Journal(problem, "genetic", 0.0, make_evaluator(problem))
    rungs = np.array([[0] * 8, [1] * 8, [0] * 8], np.int32)
    assert journal.take(rungs, np.array([1.0, 2.0, 1.0]), np.array([0.0, 0.5, 0.0]))
    assert not journal.take(rungs, np.array([1.0, 2.0, 1.0]), np.array([0.0, 0.5, 0.0]))
    assert isinstance(journal.hall, tools.HallOfFame)
    assert isinstance(journal.logbook, tools.Logbook)
    assert [one.rungs[0] for one in journal.hall] == [0, 1]  # feasible first, no copy twice
    rungs[0] = 5
    assert journal.hall[0].rungs[0] == 0  # not a view of the population
