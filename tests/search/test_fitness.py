"""The compiled fitness: values, blocks, traces, precision and bad demands."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from search.cores import parted
from search.evaluate import make_evaluator, sold_units
from search.types import Objective


def _rungs(problem, size, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, problem.rungs, (size, len(problem.rungs))).astype(np.int32)


def _reference(problem, rungs) -> np.ndarray:
    """The objective [P] in float64 numpy, as totals at the candidate and at current prices."""
    prices = problem.prices(rungs)
    sold = sold_units(problem, np.concatenate([prices, problem.current[None]]))
    both = np.concatenate([prices, problem.current[None]])
    objective = problem.objective
    net = both / (1 + objective.tax_rate)
    cost = problem.offers["cost"].to_numpy()
    worth = {"profit": net * (1 - objective.fee_rate) - cost, "revenue": net, "units": np.ones_like(net)}
    totals = (sold * worth[objective.name]).sum(-1)
    gain = totals[:, :-1] - totals[:, -1:]
    if objective.tail is not None:
        return _mean_of_the_worst(gain, objective.tail)
    if objective.groups is not None:
        number = np.array(objective.groups)
        return np.min([gain[number == group].mean(0) for group in set(objective.groups)], axis=0)
    return gain.mean(0) - objective.risk * gain.std(0)


def _mean_of_the_worst(gain, tail) -> np.ndarray:
    """[P] mean of the least share `tail` of the gains [K, P]: of so many copies that the share is whole."""
    copies = np.sort(np.repeat(gain, 100, axis=0), axis=0)
    return copies[: round(tail * len(copies))].mean(0)


@pytest.mark.parametrize("risk", [{"tail": 0.25}, {"tail": 0.5}, {"tail": 1.0}, {"groups": (0, 1, 1)}])
def test_the_worst_members_and_groups_agree_with_a_float64_recomputation(risk, make_demand, make_offers, make_problem):
    offers = make_offers([2.0, 3.5, 5.25, 4.0])
    elasticity = jnp.array([1.2, 2.5, 4.0])[:, None, None]

    def demand(prices):
        return 20 * (prices / offers["current_price"].to_numpy()) ** -elasticity

    problem = make_problem(offers, demand=demand, objective=Objective(risk=0.7, **risk))
    rungs = _rungs(problem, 32)
    value, _ = make_evaluator(problem).fitness(rungs)
    assert value == pytest.approx(_reference(problem, rungs), rel=2e-4, abs=2e-3)
    assert np.abs(value - _reference(make_problem(offers, demand=demand), rungs)).max() > 0.1


@pytest.mark.parametrize("name", ["profit", "revenue", "units"])
def test_values_agree_with_a_float64_recomputation(name, make_problem):
    objective = Objective(name, tax_rate=0.2, fee_rate=0.1, risk=0.7)
    problem = make_problem(objective=objective, held=np.array([True] + [False] * 7))
    rungs = _rungs(problem, 32)
    value, _ = make_evaluator(problem).fitness(rungs)
    assert value == pytest.approx(_reference(problem, rungs), rel=2e-4, abs=2e-3)


def test_small_gains_survive_beside_a_large_turnover(make_offers, make_demand, make_problem):
    offers = make_offers(np.full(5000, 9.99))
    problem = make_problem(offers, demand=make_demand(offers, units=1000.0), objective=Objective("revenue"))
    rungs = np.repeat(problem.start[None], 4, axis=0)
    rungs[:, 0] += np.array([0, 1, 2, 3], np.int32)
    value, _ = make_evaluator(problem).fitness(rungs)
    reference = _reference(problem, rungs)
    assert np.abs(value - reference).max() < 1e-7 * 5000 * 9990
    assert value[0] == pytest.approx(0, abs=1e-7 * 5000 * 9990)


@pytest.mark.parametrize(("size", "block"), [(32, 32), (32, 5), (7, 16), (1, 16)])
def test_blocks_change_nothing_but_rounding(size, block, make_problem):
    problem = make_problem(rules=[{"type": "price_index", "max": 1.01}])
    rungs = _rungs(problem, size)
    value, violation = make_evaluator(problem, block=block).fitness(rungs)
    whole_value, whole_violation = make_evaluator(problem, block=size).fitness(rungs)
    assert value == pytest.approx(whole_value, rel=1e-4, abs=1e-3)
    assert violation == pytest.approx(whole_violation, abs=1e-5)


def test_nothing_is_traced_after_the_first_generation_nor_for_a_second_problem_of_the_same_shapes(
    make_offers, make_problem
):
    traces = []

    def counted(own, prices):
        traces.append(prices.shape)
        return jnp.exp(-own * jnp.log(prices / 3.0))[None]

    def solve(own, risk):
        demand = jax.tree_util.Partial(counted, jnp.float32(own))
        rules = [{"type": "max_change", "percent": 10}, {"type": "price_index", "max": 1.02}]
        problem = make_problem(make_offers([3.0, 4.0]), rules, Objective(risk=risk), demand)
        evaluator = make_evaluator(problem)
        for generation in range(3):
            evaluator.fitness(_rungs(problem, 64, generation))

    solve(2.0, 0.25)
    after_first = len(traces)
    assert after_first == 2  # the prices that holding keeps, and one block of candidates
    solve(3.0, 0.5)
    assert len(traces) == after_first


def test_a_value_that_is_no_number_is_the_worst(make_problem):
    def broken(prices):
        return jnp.where(prices > 3.0, jnp.nan, jnp.where(prices < 1.8, jnp.inf, 1.0))[None]

    problem = make_problem(demand=broken, objective=Objective("units"), held=np.array([False] + [True] * 7))
    evaluator = make_evaluator(problem)
    rungs = np.array([[0], [problem.start[0]], [problem.rungs[0] - 1]], np.int32)
    value, violation = evaluator.fitness(rungs)
    assert np.isneginf(value[[0, 2]]).all()
    assert not np.isnan(value).any()
    assert not np.isnan(violation).any()


def test_a_held_offer_without_cost_counts_for_nothing(make_offers, make_problem):
    offers = make_offers([2.0, 3.0], cost=[1.0, np.nan])
    problem = make_problem(offers, held=np.array([False, True]))
    value, _ = make_evaluator(problem).fitness(_rungs(problem, 8))
    assert np.isfinite(value).all()


def test_risk_is_taken_on_the_paired_difference(make_offers, make_problem):
    def demand(prices):  # members disagree tenfold on the level and not at all on the gain's sign
        return jnp.stack([jnp.ones_like(prices), 10 * jnp.ones_like(prices)])

    careless = make_problem(make_offers([2.0]), objective=Objective("revenue", risk=0.0), demand=demand, max_rungs=1000)
    careful = make_problem(make_offers([2.0]), objective=Objective("revenue", risk=1.0), demand=demand, max_rungs=1000)
    rungs = careless.start[None] + np.array([[0], [10]], np.int32)
    assert make_evaluator(careless).fitness(rungs)[0] == pytest.approx([0, 0.1 * 5.5], abs=1e-5)
    assert make_evaluator(careful).fitness(rungs)[0] == pytest.approx([0, 0.1 * (5.5 - 4.5)], abs=1e-5)


@pytest.mark.parametrize("size", [1, 15, 48, 128])
def test_rows_are_divided_among_cores_in_parts_of_one_size_and_of_a_block_or_more(size):
    rows = np.arange(size)
    parts = parted(rows, 16)
    np.testing.assert_array_equal(np.concatenate(parts), rows)
    assert len({len(part) for part in parts}) == 1
    assert len(parts) == 1 or len(parts[0]) >= 16
