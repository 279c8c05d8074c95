"""Which points of a front are written, and when none is asked for in vain."""

import numpy as np
import pandas as pd
import pytest

from data_io.errors import ConfigError
from jointprice.compose import compose
from jointprice.front import MOST_POINTS, _spread
from jointprice.pricing import refuse_early
from search.types import Front


def _front(measures: np.ndarray) -> Front:
    return Front(np.zeros((len(measures), 1), np.int32), measures, ("profit", "units"))


def test_points_are_spread_evenly_and_both_ends_are_kept():
    crowded = np.concatenate([np.linspace(0, 0.01, 400), np.linspace(0.02, 1, 99)])
    rows = _spread(_front(np.stack([-crowded, crowded], axis=1)))
    assert (rows[0], rows[-1]) == (0, len(crowded) - 1)
    assert MOST_POINTS // 2 < len(rows) <= MOST_POINTS
    assert np.diff(crowded[rows]).max() < 0.06
    assert _spread(_front(np.array([[3.0, 1.0]]))).tolist() == [0]
    assert _spread(_front(np.array([[3.0, 1.0], [2.0, 1.0]]))).tolist() == [0, 1]


@pytest.mark.parametrize("against", ["profit", "margin"])
def test_a_front_that_needs_costs_is_refused_without_them_before_training(against):
    offers = pd.DataFrame({"product": ["a"], "store": ["s"], "cost": [np.nan]})
    asked = ["search=nsga2", "objective=revenue", f"search.against={against}"]
    with pytest.raises(ConfigError, match=f"search.against={against} needs costs"):
        refuse_early(compose(asked), offers)
    refuse_early(compose([*asked[:2], "search.against=units"]), offers)
