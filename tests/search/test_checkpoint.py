"""A genetic search that is cut off goes on as if it had not been."""

import numpy as np
import pytest

from data_io.errors import ConfigError
from search.genetic import optimise
from search.types import Objective

RULES = [{"type": "max_change", "percent": 15}, {"type": "portfolio_margin", "min": 0.45}]
SETTINGS = {"seed": 3, "population": 16, "steps": 10, "starts": 1, "patience": 1000, "generations": 30}


class Cut(Exception):
    """What stops a search."""


def _cut_after(rows: int):
    """Progress that stops a search after so many rows of its log."""
    left = iter(range(rows))

    def progress(_):
        if next(left, None) is None:
            raise Cut

    return progress


def _course(found):
    return [{name: row[name] for name in row if name != "seconds"} for row in found.history]


@pytest.mark.parametrize(
    "rules",
    [RULES, [*RULES, {"type": "max_changes", "count": 3}], [*RULES, {"type": "min_total", "of": "units", "share": 1.4,
                                                                       "soft": True, "priority": 1}]],
    ids=["hard rules", "limited changes", "a soft rule, level by level"],
)  # fmt: skip
def test_a_resumed_search_takes_the_same_course_to_the_same_answer(rules, make_problem, tmp_path):
    problem = make_problem(rules=rules)
    whole = optimise(problem, **SETTINGS)
    cut = _cut_after(len(whole.history) - 6)
    with pytest.raises(Cut):
        optimise(problem, **SETTINGS, checkpoint=tmp_path, checkpoint_every=4, progress=cut)
    assert list(tmp_path.iterdir())
    rows = []
    resumed = optimise(problem, **SETTINGS, checkpoint=tmp_path, checkpoint_every=4, progress=rows.append)
    assert _course(resumed) == _course(whole)
    assert len(rows) < len(whole.history)
    assert resumed.rungs.tobytes() == whole.rungs.tobytes()
    assert resumed.runners_up.tobytes() == whole.runners_up.tobytes()
    assert (resumed.value, resumed.evaluations) == (whole.value, whole.evaluations)


@pytest.mark.parametrize("other", ["seed", "mutation", "objective", "cost", "demand"])
def test_a_search_that_differs_in_anything_begins_anew(other, make_offers, make_demand, make_problem, tmp_path):
    offers = make_offers(np.linspace(2, 9, 8).round(2))
    optimise(make_problem(offers, RULES), **SETTINGS, checkpoint=tmp_path, checkpoint_every=4)
    if other == "cost":
        offers = offers.assign(cost=offers["cost"] - 0.01)
    demand = make_demand(offers)
    asked = {"objective": Objective(risk=0.3)} if other == "objective" else {}
    if other == "demand":
        asked = {"demand": lambda prices: demand(prices) * 1.001}
    problem = make_problem(offers, RULES, **asked)
    changed = {"seed": {"seed": 4}, "mutation": {"mutation": 0.2}}.get(other, {})
    rows = []
    optimise(problem, **SETTINGS | changed, checkpoint=tmp_path, progress=rows.append)
    assert rows[0]["generation"] == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_checkpoint_is_refused_and_named(make_problem, tmp_path):
    problem = make_problem(rules=RULES)
    optimise(problem, **SETTINGS, checkpoint=tmp_path, checkpoint_every=4)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ConfigError, match=rf"{file.name} is damaged .* Delete it"):
        optimise(problem, **SETTINGS, checkpoint=tmp_path)


def test_a_checkpoint_that_is_no_folder_is_refused_before_the_search(make_problem, tmp_path):
    file = tmp_path / "taken"
    file.write_text("")
    rows = []
    with pytest.raises(ConfigError, match=r"search\.checkpoint=.*taken is no folder"):
        optimise(make_problem(rules=RULES), **SETTINGS, checkpoint=file, progress=rows.append)
    assert rows == []
