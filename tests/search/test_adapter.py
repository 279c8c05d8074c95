"""DEAP's own operators on single individuals drive the search of whole populations."""

import random

import numpy as np
import pytest
from deap import tools

from data_io.errors import ConfigError
from search.adapter import among, pairwise, single
from search.genetic import optimise

SMALL = {"population": 32, "generations": 40, "seeds": ["current"], "refine": 0}


def _operators(problem):
    highest = [int(length) - 1 for length in problem.rungs]
    return {
        "select": among(tools.selTournament, tournsize=3),
        "mate": pairwise(tools.cxTwoPoint),
        "mutate": single(tools.mutUniformInt, low=[0] * len(highest), up=highest, indpb=0.1),
    }


def test_the_search_by_deaps_operators_finds_better_prices_and_the_same_for_one_seed(make_problem):
    problem = make_problem(rules=[{"type": "max_change", "percent": 15}])
    random.seed(1)
    before = random.getstate()
    one, two = (optimise(problem, seed=2, **SMALL, operators=_operators(problem)) for _ in range(2))
    assert random.getstate() == before
    assert np.array_equal(one.rungs, two.rungs)
    own = optimise(problem, seed=2, **SMALL)
    assert one.value > 0.8 * own.value > 0
    assert one.history != own.history


def test_operators_that_leave_the_ladders_are_brought_back(make_problem):
    problem = make_problem(rules=[{"type": "max_change", "percent": 15}])
    found = optimise(problem, seed=0, **SMALL, operators={"mutate": lambda generator, rungs: rungs + 1000})
    assert (found.rungs < problem.rungs).all()


@pytest.mark.parametrize(
    ("operators", "said"),
    [
        ({"mix": len}, "'mix' is none. There are select, mate, mutate"),
        ({"mutate": lambda generator, rungs: rungs[:1]}, r"mutate answered int32 \[1, 8\] where integers \[32, 8\]"),
        ({"mate": lambda generator, rungs: rungs * 0.5}, r"mate answered float64"),
    ],
)
def test_what_is_no_operator_is_refused_in_words(operators, said, make_problem):
    with pytest.raises(ConfigError, match=said):
        optimise(make_problem(), seed=0, **SMALL, operators=operators)
