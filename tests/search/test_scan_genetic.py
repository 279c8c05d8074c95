"""The genetic search on the device draws as the one on the host does, and finds what it finds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search import genetic, operators, scan_genetic, scan_operators

LENGTHS = np.array([3, 9, 40, 1, 17], np.int32)
START = np.array([1, 4, 20, 0, 3], np.int32)
ROWS = 4000


def _population(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, LENGTHS, (ROWS, len(LENGTHS))).astype(np.int32)


VALUES = st.floats(-9, 9, width=32, allow_subnormal=False)  # compiled code takes subnormals for 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(VALUES, st.sampled_from([0.0, 0.1, 0.3, 2.0])), min_size=8, max_size=8))
def test_ranks_are_those_of_the_host(pairs):
    value, violation = np.array(pairs, np.float32).T
    for tolerance in (0.0, 0.2):
        found = scan_operators.ranks(jnp.asarray(value), jnp.asarray(violation), jnp.float32(tolerance))
        assert np.array_equal(found, operators.ranks(value, violation, np.float32(tolerance)))


def test_mutants_and_children_stay_on_their_ladders_and_are_distributed_as_on_the_host():
    key, generator, before = jax.random.key(0), np.random.default_rng(0), _population(1)
    mutants = [
        np.asarray(scan_operators.mutation(key, jnp.asarray(before), jnp.asarray(LENGTHS), jnp.asarray(START), 0.5)),
        operators.mutation(generator, before, LENGTHS, START, 0.5),
    ]
    children = [
        np.asarray(scan_operators.crossover(key, jnp.asarray(before), jnp.asarray(LENGTHS), 0.7)),
        operators.crossover(generator, before, LENGTHS, 0.7),
    ]
    for device, host in (mutants, children):
        assert ((device >= 0) & (device < LENGTHS)).all()
        for measure in (lambda new: (new != before).mean(0), lambda new: np.abs(new - before).mean(0) / LENGTHS):
            assert measure(device) == pytest.approx(measure(host), abs=0.03)
        assert (device != before).any(axis=1).mean() == pytest.approx((host != before).any(axis=1).mean(), abs=0.03)


def test_tournaments_are_won_by_the_better_as_often_as_on_the_host():
    rank = np.random.default_rng(0).permutation(ROWS)
    device = np.asarray(scan_operators.tournament(jax.random.key(0), jnp.asarray(rank), 3))
    host = operators.tournament(np.random.default_rng(0), rank, 3)
    assert rank[device].mean() == pytest.approx(rank[host].mean(), rel=0.05)


@pytest.mark.parametrize("refine", [0, 5])
def test_the_search_on_the_device_finds_what_the_one_on_the_host_does(refine, make_problem):
    problem = make_problem(rules=[{"type": "max_change", "percent": 15}, {"type": "portfolio_margin", "min": 0.45}])
    asked = {"seed": 0, "population": 64, "generations": 101, "seeds": ["current"], "refine": refine}
    host, device = (module.optimise(problem, **asked) for module in (genetic, scan_genetic))
    assert device.value == pytest.approx(host.value, rel=0.02)
    assert device.violation == 0
