"""NSGA-II: the front between two measures."""

import itertools

import numpy as np
import pytest

from data_io.errors import ConfigError
from search.evaluate import make_evaluator
from search.nsga import Judged, evolve, hypervolume, optimise
from search.types import Objective

NEAR = [{"type": "ladder", "step": 0.2, "every": True}, {"type": "max_change", "amount": 0.4}]
MARGIN = {"type": "portfolio_margin", "min": 0.47}
SMALL = {"population": 32, "generations": 40, "steps": 30, "starts": 1}


@pytest.mark.parametrize("steps", [1001, 100_001])
def test_zdt1_is_solved_to_the_hypervolume_of_its_front(steps):
    """Zitzler, Deb & Thiele 2000; reference point (11, 11), at most 120.667; 250 generations of 100."""
    genes = 30

    def judge(rungs):
        x = rungs / (steps - 1)
        g = 1 + 9 * x[:, 1:].mean(axis=1)
        return Judged(rungs, -np.stack([x[:, 0], g * (1 - np.sqrt(x[:, 0] / g))], axis=1), np.zeros(len(rungs)))

    generator, lengths = np.random.default_rng(0), np.full(genes, steps, np.int32)
    first = judge(generator.integers(0, lengths, (100, genes)).astype(np.int32))
    course = {"generations": 250, "crossover": 0.9, "mutation": 0.1}
    volumes = [
        hypervolume(current.measures, np.array([-11.0, -11.0]))
        for current in evolve(judge, first, lengths, lengths // 2, generator, **course)
    ]
    assert len(volumes) == 250
    assert 120.6 <= volumes[-1] <= 120.667
    assert volumes[0] < 100


@pytest.mark.parametrize(
    ("against", "tabulated"),
    [("units", True), ("changes", True), ("margin", False)]
    + [
        pytest.param(*each, marks=pytest.mark.nightly)
        for each in (("revenue", True), ("units", False), ("changes", False))
    ],
)
def test_the_front_is_that_of_all_price_vectors(against, tabulated, indexed, make_offers, make_problem):
    offers = make_offers(np.array([2.0, 3.0, 4.0, 5.0, 6.0]))
    demand = indexed(offers)
    asked = demand if tabulated else (lambda prices: demand(prices))
    problem = make_problem(offers, [*NEAR, MARGIN], demand=asked, objective=Objective(risk=0.5))
    every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    value, violation, second = make_evaluator(problem, block=256).measured(every, against)
    fine = violation <= 0
    points = np.stack([value, second], axis=1)[fine]
    worst = points.min(axis=0)
    found = optimise(problem, seed=1, against=against, **SMALL)
    rows = [tuple(rungs) for rungs in every[fine]]
    assert all(tuple(rungs) in rows for rungs in found.front.rungs)
    reached, best = (hypervolume(measures, worst) for measures in (found.front.measures, points))
    assert 0.99 * best <= reached <= best * (1 + 1e-6)
    assert found.value == pytest.approx(found.front.measures[0, 0], rel=1e-6)
    assert found.value == pytest.approx(points[:, 0].max(), rel=1e-3)
    assert found.front.names == ("profit", against)
    assert (found.bound is not None) == tabulated


def test_no_point_of_the_front_is_better_than_another_in_both_measures_and_the_volume_never_shrinks(make_problem):
    problem = make_problem(rules=[{"type": "max_change", "percent": 15}, {"type": "portfolio_margin", "min": 0.45}])
    found = optimise(problem, seed=0, **SMALL)
    one, other = found.front.measures[:, None], found.front.measures[None]
    assert not ((one >= other).all(axis=-1) & (one > other).any(axis=-1)).any()
    assert len(np.unique(found.front.rungs, axis=0)) == len(found.front.rungs) > 10
    assert (np.diff(found.front.measures[:, 0]) < 0).all()
    volumes = [row["hypervolume"] for row in found.history if "hypervolume" in row]
    assert len(volumes) == SMALL["generations"]
    assert volumes[-1] > 0.99 * max(volumes)


@pytest.mark.parametrize("against", ["profit", "joy"])
def test_a_second_measure_that_is_none_is_refused(against, make_problem):
    there = "There are units, revenue, margin, changes"
    with pytest.raises(ConfigError, match=rf"{against} cannot stand beside objective=profit\. {there}"):
        optimise(make_problem(), seed=0, against=against, **SMALL)
