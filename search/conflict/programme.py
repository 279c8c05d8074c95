"""A mixed-integer programme in which every rule may give way: bounds on its slack say which do. Not for rules.

HiGHS solves it (scipy.optimize.milp). A hard rule has a slack of nothing; one that is dropped has any slack for
nothing; one that is relaxed pays for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

GAP = 1e-4  # relative, between a relaxation and the cheapest
FEASIBLE, INFEASIBLE, UNKNOWN = "feasible", "infeasible", "unknown"
_STATUS = {0: FEASIBLE, 2: INFEASIBLE}


@dataclass(frozen=True)
class Linear:
    """A sum of variables' multiples and a constant."""

    terms: Mapping[int, float] = field(default_factory=dict)
    constant: float = 0.0

    def __add__(self, other: Linear) -> Linear:
        return total([self, other])

    def __mul__(self, factor: float) -> Linear:
        return Linear({variable: factor * one for variable, one in self.terms.items()}, factor * self.constant)

    def __sub__(self, other: Linear) -> Linear:
        return self + other * -1.0

    def value(self, values: np.ndarray) -> float:
        """At these values of the variables."""
        return self.constant + sum(factor * values[variable] for variable, factor in self.terms.items())


def total(parts: Iterable[Linear]) -> Linear:
    """The sum of all of them."""
    terms: dict[int, float] = {}
    constant = 0.0
    for part in parts:
        constant += part.constant
        for variable, factor in part.terms.items():
            terms[variable] = terms.get(variable, 0.0) + factor
    return Linear(terms, constant)


@dataclass(frozen=True)
class Answer:
    """status: feasible, infeasible (both proven) or unknown. values: of the variables, whole where they must be, or
    None. slack: of every rule by name, empty without values."""

    status: str
    values: np.ndarray | None
    slack: dict[str, float]


class Programme:
    """Variables, rows and the rules' slacks, built once and solved under several choices of rules.

    apart: every place in which a rule could be broken has a slack of its own, and they add up; else they share one,
    which is the largest.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self._apart = apart
        self._bounds: list[tuple[float, float]] = []
        self._whole: list[bool] = []
        self._rows: list[tuple[Linear, float]] = []
        self._slack: dict[str, list[int]] = {}
        self._matrix: csr_matrix | None = None

    def variable(self, low: float, high: float, *, whole: bool = False) -> Linear:
        self._bounds.append((low, high))
        self._whole.append(whole)
        return Linear({len(self._bounds) - 1: 1.0})

    def slack(self, rule: str) -> Linear:
        """By how much the rule gives way at one of its places, >= 0."""
        found = self._slack.setdefault(rule, [])
        if self._apart or not found:
            found.extend(self.variable(0.0, np.inf).terms)
        return Linear({found[-1]: 1.0})

    def slacks(self, rule: str) -> Linear:
        """By how much it gives way in all."""
        return Linear(dict.fromkeys(self._slack.get(rule, []), 1.0))

    def at_most(self, sum_of: Linear, most: float) -> None:
        self._rows.append((sum_of, most - sum_of.constant))
        self._matrix = None

    def equal(self, sum_of: Linear, number: float) -> None:
        self.at_most(sum_of, number)
        self.at_most(sum_of * -1.0, -number)

    def solve(
        self,
        hard: Collection[str],
        relaxed: Collection[str] = (),
        *,
        seconds: float,
        least: Linear | None = None,
        gap: float = GAP,
    ) -> Answer:
        """With these rules hard, these relaxed at the least sum of slacks (and of `least`), and all others dropped."""
        low, high = np.array(self._bounds, np.float64).reshape(-1, 2).T.copy()
        cost = np.zeros(len(low))
        for rule, variables in self._slack.items():
            high[variables] = 0.0 if rule in hard else np.inf
            cost[variables] = float(rule in relaxed)
        for variable, factor in least.terms.items() if least else ():
            cost[variable] += factor
        rows = LinearConstraint(self._compiled(), -np.inf, [most for _, most in self._rows])
        found = milp(
            cost,
            integrality=np.array(self._whole, np.uint8),
            bounds=Bounds(low, high),
            constraints=[rows] if self._rows else [],
            options={"time_limit": max(seconds, 0.1), "mip_rel_gap": gap},
        )
        if found.x is None:
            return Answer(_STATUS.get(found.status, UNKNOWN), None, {})
        values = np.where(self._whole, np.round(found.x), found.x)
        return Answer(FEASIBLE, values, {rule: float(values[each].sum()) for rule, each in self._slack.items()})

    def _compiled(self) -> csr_matrix:
        if self._matrix is None:
            entries = [(row, *term) for row, (sum_of, _) in enumerate(self._rows) for term in sum_of.terms.items()]
            rows, columns, factors = zip(*entries, strict=True) if entries else ((), (), ())
            self._matrix = csr_matrix((factors, (rows, columns)), shape=(len(self._rows), len(self._bounds)))
        return self._matrix
