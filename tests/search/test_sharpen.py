"""On ladders that are nearly continuous the search follows a binding rule's edge to the optimum."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from search import genetic, gradient
from search.evaluate import make_evaluator
from search.sharpen import sharpens
from search.types import Objective

SIZE = 6
RULES = [{"type": "max_change", "percent": 30}, {"type": "price_index", "min": 0.99, "max": 1.01}]


@pytest.fixture(scope="module")
def loglog():
    """Current prices, costs, usual sales and effects [own and cross]; own effects near 1 make profits flat."""
    draw = np.random.default_rng(2)
    effects = draw.uniform(0, 0.4, (SIZE, SIZE)) * (draw.random((SIZE, SIZE)) < 0.6)
    np.fill_diagonal(effects, -draw.uniform(0.6, 3.0, SIZE))
    current = draw.uniform(2, 10, SIZE).round(2)
    return current, (current * draw.uniform(0.4, 0.8, SIZE)).round(2), draw.lognormal(3, 0.7, SIZE), effects


@pytest.mark.parametrize("optimise", [genetic.optimise, pytest.param(gradient.optimise, marks=pytest.mark.nightly)])
def test_prices_under_a_corridor_earn_what_the_best_of_many_slsqp_starts_does(
    optimise, loglog, make_offers, make_problem
):
    current, cost, base, effects = loglog

    def units_at(prices, array=np):
        return base * array.exp(array.log(prices / current) @ effects.T)

    def loss(prices):
        units = units_at(prices)
        slope = units + ((prices - cost) * units) @ effects / prices
        return -float(units @ (prices - cost)), -slope

    offers = make_offers(current, cost=cost)
    asked = {"objective": Objective(risk=0), "decimals": 4, "max_rungs": 10**5}
    problem = make_problem(offers, RULES, demand=lambda prices: units_at(prices, jnp)[None], **asked)
    assert sharpens(make_evaluator(problem))
    found = optimise(problem, seed=0)
    low, high = 0.7 * current, 1.3 * current
    index = LinearConstraint(base, 0.99 * base @ current, 1.01 * base @ current)
    bounds = list(zip(low, high, strict=True))
    starts = np.random.default_rng(0).uniform(low, high, (40, SIZE))
    ended = [minimize(loss, x, jac=True, method="SLSQP", bounds=bounds, constraints=[index]) for x in starts]
    best = max(-one.fun for one in ended if one.success)
    assert found.status == "done"
    assert best * (1 - 1e-4) <= -loss(found.prices)[0] <= best * (1 + 1e-6)


def test_coarse_ladders_and_many_decisions_are_left_to_other_moves(make_offers, make_problem):
    assert not sharpens(make_evaluator(make_problem(rules=[{"type": "max_change", "percent": 15}])))
    many = make_offers(np.linspace(3, 9, 80).round(2))
    assert not sharpens(make_evaluator(make_problem(many, max_rungs=5000)))
