"""search=auto picks by the problem's kind and size, and says why."""

import pytest

from search import auto
from search.optimisers import make_optimiser
from search.settings import SearchSettings
from search.types import Objective

FEW = [{"type": "ladder", "step": 0.5, "every": True}, {"type": "max_change", "amount": 0.5}]
MEAN = Objective(risk=0)


@pytest.fixture
def offers(make_offers):
    return make_offers([2.0, 3.0, 4.0])


def test_a_small_problem_with_a_table_is_solved_exactly(indexed, offers, make_problem):
    problem = make_problem(offers, FEW, MEAN, indexed(offers))
    found = make_optimiser(SearchSettings(optimiser="auto"))(problem, seed=0)
    assert found.optimiser == "exact"
    assert found.why == f"{problem.rungs.sum()} allowed prices are few enough to be solved to the optimum"


def test_a_black_box_a_large_problem_and_what_is_no_sum_are_left_to_evolution(indexed, offers, make_problem):
    assert auto.pick(make_problem(offers, FEW, MEAN)) == (
        "genetic",
        "the demand declares no price indices, so that no bound is known and nothing is exact",
    )
    name, why = auto.pick(make_problem(offers, [], MEAN, indexed(offers)))
    assert (name, "are too many to be solved exactly" in why) == ("genetic", True)
    risky = make_problem(offers, FEW, Objective(risk=1), indexed(offers))
    assert auto.pick(risky) == ("genetic", "search=exact would need the mean of the members (objective.risk=0)")


def test_on_an_accelerator_generations_run_there_unless_the_host_must_repair_them(offers, make_problem, monkeypatch):
    monkeypatch.setattr(auto.jax, "default_backend", lambda: "gpu")
    assert auto.pick(make_problem(offers, FEW))[0] == "genetic_on_device"
    name, why = auto.pick(make_problem(offers, [*FEW, {"type": "max_changes", "count": 1}]))
    assert (name, why.endswith("are repaired on the host")) == ("genetic", True)
