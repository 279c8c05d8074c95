"""The exact optimum of small tabulated problems: what enumeration finds, and what the genetic search must come to."""

import itertools

import jax
import numpy as np
import pytest

from data_io.errors import ConfigError, InfeasibleError
from search.evaluate import make_evaluator
from search.optimisers import make_optimiser
from search.settings import SearchSettings
from search.types import Objective

MEAN = Objective(risk=0)
SMALL = [seed for seed in range(12) if np.random.default_rng(seed).integers(4, 9) <= 5]  # offers: all vectors are few
SHARED = (
    lambda draw: {"type": "portfolio_margin", "min": round(float(draw.uniform(0.49, 0.53)), 3)},
    lambda draw: {"type": "price_index", "min": 0.97, "max": round(float(draw.uniform(1, 1.04)), 3), "by": "category"},
    lambda draw: {"type": "max_changes", "share": float(draw.choice([0.25, 0.5]))},
    lambda draw: {"type": "min_total", "of": "units", "share": round(float(draw.uniform(0.85, 1)), 3)},
)


@pytest.fixture(scope="module")
def random_problem(indexed, make_offers, make_problem):
    """Four to eight offers with up to seven rungs in two choice sets, and none to three shared rules."""

    def make(seed: int):
        draw = np.random.default_rng(seed)
        current = (draw.integers(8, 40, draw.integers(4, 9)) / 4).round(2)
        offers = make_offers(current, cost=(current * draw.uniform(0.35, 0.65, len(current))).round(2))
        rules = [SHARED[one](draw) for one in draw.choice(len(SHARED), draw.integers(0, 4), replace=False)]
        ladder = {"type": "ladder", "step": 0.25, "every": True}
        near = {"type": "max_change", "amount": float(draw.choice([0.5, 0.75]))}
        return make_problem(offers, [ladder, near, *rules], demand=indexed(offers, seed=seed), objective=MEAN)

    return make


def solved(problem, name: str, **settings):
    return make_optimiser(SearchSettings(optimiser=name, **settings))(problem, seed=0)


@pytest.mark.parametrize("seed", SMALL)
def test_the_exact_answer_is_the_best_of_all_vectors(seed, random_problem):
    problem = random_problem(seed)
    every = np.array(list(itertools.product(*(range(length) for length in problem.rungs))), np.int32)
    value, violation = make_evaluator(problem, tabulated=True).fitness(every)
    found = solved(problem, "exact")
    if not (violation <= 0).any():
        assert found.status == "not_found"
        return
    (tabled,), _ = make_evaluator(problem, tabulated=True).fitness(found.rungs[None])
    assert found.status == "done"
    assert tabled == pytest.approx(value[violation <= 0].max(), rel=1e-5)
    assert found.gap == pytest.approx(0, abs=1e-5)


def gaps(random_problem, seeds) -> np.ndarray:
    """How far the genetic search stays below the exact optimum, relative to it (or to 1 where it is less)."""
    short = []
    for seed in seeds:
        if seed % 20 == 19:
            jax.clear_caches()  # every problem compiles programs of its own, and memory maps are few
        problem = random_problem(seed)
        try:
            best, found = solved(problem, "exact"), solved(problem, "genetic", generations=100)
        except InfeasibleError:
            continue
        assert best.status == found.status
        if best.status == "done":
            evaluator = make_evaluator(problem, tabulated=True)
            (one, other), _ = evaluator.fitness(np.stack([best.rungs, found.rungs]))
            assert found.bound >= one - 1e-5 * max(abs(one), 1.0)
            short.append((one - other) / max(abs(one), 1.0))
    return np.array(short)


def test_the_genetic_search_comes_to_the_exact_optimum(random_problem):
    short = gaps(random_problem, (1, 7))  # of 7 the best are the dearest prices, where the index ends
    assert (short > -1e-5).all()
    assert short.max() < 0.005


@pytest.mark.nightly
def test_the_genetic_search_comes_to_the_exact_optimum_of_200_problems(random_problem):
    short = gaps(random_problem, range(200))
    print(f"{len(short)} problems, median gap {np.median(short):.2e}, worst {short.max():.2e}")
    assert (short > -1e-5).all()
    assert np.median(short) <= 1e-4
    assert short.max() <= 0.005


def test_what_is_no_sum_is_refused_with_the_reason(make_offers, make_problem, indexed):
    offers = make_offers(np.linspace(2, 5, 4))
    for options, told in (
        ({}, "one price index per choice set"),
        ({"demand": indexed(offers), "objective": Objective(risk=0.5)}, "objective.risk=0"),
        ({"demand": indexed(offers), "objective": MEAN, "rules": [{"type": "all_or_nothing"}]}, "not all_or_nothing"),
    ):
        with pytest.raises(ConfigError, match=told):
            solved(make_problem(offers, **options), "exact")
