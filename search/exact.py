"""The exact optimum of a small tabulated problem by mixed-integer programming (HiGHS). Not for large ones.

Per choice set one cell of the index is chosen, and per item and cell one rung; within the cell units are linear in the
index, whose place is one more number of the set, so that the programme is the table itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from data_io.errors import ConfigError
from search.dual.relaxation import Relaxation, relax
from search.evaluate import make_evaluator
from search.journal import Journal, holding
from search.polish import evaluated
from search.rescore import rescored
from search.soft import lexicographic
from search.types import PricingProblem, Solution

MOST_PRODUCTS = 100
ROUNDING = 1e-6  # of an index: float32 grids may end within their ends, where all dearest prices together still are
SECONDS, GAP = 120.0, 1e-6  # HiGHS stops after so long, or this close to its bound


@lexicographic
def optimise(
    problem: PricingProblem,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
    population: int = 128,
    block: int = 16,
    begin: np.ndarray | None = None,
) -> Solution:
    """The optimum of the tabulated problem; `seed` plays no part, and `begin` (rungs [D]) is only compared with it.

    Raises:
        ConfigError: the problem is no such sum: see `refusal`.
    """
    started = time.perf_counter()
    if not len(problem.rungs):
        return holding(problem, "exact", started)
    evaluator = make_evaluator(problem, block=block, tabulated=True)
    relaxation = relax(problem, evaluator.compiled)
    why = refusal(problem, relaxation)
    if why is not None:
        raise ConfigError(f"search=exact needs {why}. Use search=genetic, which takes any problem.")
    weights = np.full(len(relaxation.hold), 1 / len(relaxation.hold))
    rungs, bound = _solved(relaxation, relaxation.profits(weights), problem.rungs)
    journal = Journal(problem, "exact", started, evaluator, progress)
    known = [one for one in (rungs, problem.start, begin) if one is not None]
    evaluated(evaluator, np.array(known, np.int32), population, journal.take)
    return rescored(journal.solution(), evaluator, bound - relaxation.held(weights), population, block)


def refusal(problem: PricingProblem, relaxation: Relaxation | None) -> str | None:
    """What the problem would need to be solved exactly; None where it can be."""
    objective = problem.objective
    if relaxation is None:
        return "a demand with one price index per choice set, and prices that belong to one set each"
    if relaxation.dropped:
        return f"rules that are sums over offers, not {', '.join(relaxation.dropped)}"
    if objective.risk != 0 or objective.groups is not None or objective.tail is not None:
        return "the mean of the members (objective.risk=0)"
    if relaxation.decisions > MOST_PRODUCTS:
        return f"at most {MOST_PRODUCTS} prices, not {relaxation.decisions}"
    return None


class _Columns(NamedTuple):
    """Numbers of the programme's columns. cell, place [C, M - 1]: which cell a set's index is in, and how far from its
    lower end; rung, share [N]: the same per item and rung, of item [N], length [N] (its rung) and cell number [N]."""

    cell: np.ndarray
    place: np.ndarray
    rung: np.ndarray
    share: np.ndarray
    item: np.ndarray
    length: np.ndarray
    number: np.ndarray


def _columns(relaxation: Relaxation, rungs: np.ndarray) -> _Columns:
    sets, cells = relaxation.grid.shape[0], relaxation.grid.shape[1] - 1
    lengths = np.ones(len(relaxation.choice_set), np.int64)
    lengths[: len(rungs)] = rungs
    item = np.repeat(np.arange(len(lengths)), lengths * cells)
    place = np.concatenate([np.arange(length * cells) for length in lengths])
    cell = np.arange(sets * cells).reshape(sets, cells)
    first = 2 * sets * cells
    rung = first + np.arange(len(item))
    return _Columns(cell, sets * cells + cell, rung, len(item) + rung, item, place // cells, place % cells)


def _solved(relaxation: Relaxation, profits: np.ndarray, rungs: np.ndarray) -> tuple[np.ndarray | None, float]:
    """Rungs [D], None where no prices keep the rows, and the bound of HiGHS."""
    at, sets = _columns(relaxation, rungs), relaxation.choice_set
    size, cells = int(at.share[-1]) + 1, at.cell.shape[1]
    step = relaxation.grid[:, 1] - relaxation.grid[:, 0]

    def linear(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Columns and coefficients of the sum of values [I, L, M or 1]."""
        ends = [values[at.item, at.length, 0 if values.shape[2] == 1 else at.number + end] for end in (0, 1)]
        return np.concatenate([at.rung, at.share]), np.concatenate([ends[0], ends[1] - ends[0]])

    constraints = []

    def keep(rows, columns, values, low, high) -> None:
        matrix = coo_matrix((values, (rows, columns)), shape=(int(np.max(rows)) + 1, size))
        constraints.append(LinearConstraint(matrix.tocsc(), low, high))

    set_of_cell = np.repeat(np.arange(len(at.cell)), cells)
    keep(set_of_cell, at.cell.ravel(), np.ones(at.cell.size), 1, 1)
    mine = at.item * cells + at.number  # one row per item and cell
    every = np.arange(len(sets) * cells)
    for own, common in ((at.rung, at.cell), (at.share, at.place)):
        columns = np.concatenate([own, common[sets].ravel()])
        values = np.concatenate([np.ones(len(own)), -np.ones(len(every))])
        keep(np.concatenate([mine, every]), columns, values, 0, 0)
    pair = np.arange(len(at.rung))
    keep(np.tile(pair, 2), np.concatenate([at.share, at.rung]), np.repeat([1.0, -1.0], len(pair)), -np.inf, 0)
    columns = np.concatenate([at.rung, at.cell.ravel(), at.place.ravel()])
    index = relaxation.terms[at.item, at.length], -relaxation.grid[:, :-1].ravel(), -np.repeat(step, cells)
    rows = np.concatenate([sets[at.item], set_of_cell, set_of_cell])
    room = ROUNDING * np.abs(relaxation.grid).max(axis=1)
    keep(rows, columns, np.concatenate(index), -room, room)
    for row in relaxation.rows:
        columns, values = linear(row.amounts)
        keep(np.zeros(len(columns), np.int64), columns, values, -np.inf, row.inside)

    cost, whole = np.zeros(size), np.zeros(size)
    columns, values = linear(profits)
    cost[columns] = -values
    whole[at.cell.ravel()] = whole[at.rung] = 1
    options = {"time_limit": SECONDS, "mip_rel_gap": GAP}
    found = milp(cost, constraints=constraints, integrality=whole, bounds=Bounds(0, 1), options=options)
    if found.x is None:
        return None, -np.inf
    chosen = at.rung[found.x[at.rung] > 0.5] - at.rung[0]
    answer = np.zeros(len(sets), np.int32)
    answer[at.item[chosen]] = at.length[chosen]
    return answer[: relaxation.decisions], -float(found.mip_dual_bound)
