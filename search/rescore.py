"""What a search on a table found, valued by the demand itself. Not for searching."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from search.evaluate import Evaluator, make_evaluator
from search.journal import KEPT, relative_gap, written_prices
from search.polish import evaluated, polish
from search.types import Solution

SWEEPS = 4  # of coordinate moves, where the demand breaks a rule that the table keeps


def rescored(found: Solution, evaluator: Evaluator, bound: float | None, population: int, block: int) -> Solution:
    """The best of the answer and its runners-up by the demand, mended where all of them break a rule; with its gap to
    the bound of the tabulated problem and the table's error at the answer. As found where there is no table."""
    if evaluator.compiled.table is None:
        return found
    problem = evaluator.problem
    asked = make_evaluator(problem, block=block)
    rungs = np.concatenate([found.rungs[None], found.runners_up]) if len(found.runners_up) else found.rungs[None]
    values, violations = evaluated(asked, rungs, KEPT, _nothing)
    order = np.lexsort((-values, violations))
    best, value, violation = rungs[order[0]], values[order[0]], violations[order[0]]
    if violation > 0:
        best = polish(asked, rungs, population, SWEEPS, _nothing)
        (value,), (violation,) = evaluated(asked, best[None], KEPT, _nothing)
    (tabled,), _ = evaluated(evaluator, best[None], population, _nothing)
    feasible = violation <= 0 and bool(np.isfinite(value))
    return replace(
        found,
        rungs=best,
        prices=written_prices(problem, best),
        value=float(value),
        violation=float(violation),
        evaluations=evaluator.evaluations + asked.evaluations,
        status="done" if feasible else "not_found",
        bound=bound,
        gap=relative_gap(bound, tabled) if bound is not None and feasible else None,
        table_error=float(abs(tabled - value) / max(abs(value), 1e-12)),
        runners_up=rungs[[row for row in order[1:] if violations[row] <= 0]],
    )


def _nothing(*_: np.ndarray) -> bool:
    return False
