"""What a search saw: its champions (DEAP's HallOfFame), its log (DEAP's Logbook) and the Solution they make.

Alike for every optimiser. Not for populations: those stay matrices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from deap import base, tools

from search.evaluate import Evaluator
from search.money import Money
from search.types import PricingProblem, Solution

KEPT = 8  # candidates in the HallOfFame: the answer and its runners-up
PROGRESS = 1e-6  # relative gain that counts as better: less is float32 noise


class FeasibilityFirst(base.Fitness):
    """DEAP's fitness (violation, value): less violation first, then more value (Deb's rule)."""

    weights = (-1.0, 1.0)


class Individual:
    """One candidate as DEAP's HallOfFame wants it: comparable by its fitness."""

    def __init__(self, rungs: np.ndarray, value: float, violation: float):
        self.rungs = rungs
        self.fitness = FeasibilityFirst((violation, value))


class Journal:
    """Takes every evaluated population, keeps the best distinct candidates and one log row each.

    Attributes:
        hall: DEAP's HallOfFame of Individuals, best first.
        logbook: DEAP's Logbook, a row per population taken.
    """

    def __init__(
        self,
        problem: PricingProblem,
        optimiser: str,
        started: float,
        evaluator: Evaluator,
        progress: Callable[[dict], None] | None = None,
    ):
        """started: time.perf_counter() at the start of the search."""
        self.hall = tools.HallOfFame(KEPT, similar=lambda one, other: np.array_equal(one.rungs, other.rungs))
        self.logbook = tools.Logbook()
        self._problem, self._optimiser, self._started = problem, optimiser, started
        self._evaluator, self._progress = evaluator, progress

    def take(self, population: np.ndarray, value: np.ndarray, violation: np.ndarray, **more: float) -> bool:
        """Notes a population [P, D] with its fitness [P]; True where its best is better than all before. `more` goes
        into the log's row."""
        before = self.best
        few = np.lexsort((-value, violation))[:KEPT]
        self.hall.update([Individual(population[row].copy(), value[row], violation[row]) for row in few])
        finite = value[np.isfinite(value)]
        row = {
            "generation": len(self.logbook),
            "evaluations": self._evaluator.evaluations,
            "best": self.best.fitness.values[1],
            "mean": float(finite.mean()) if len(finite) else float("-inf"),
            "violation": self.best.fitness.values[0],
            "seconds": time.perf_counter() - self._started,
            **more,
        }
        self.logbook.record(**row)
        if self._progress:
            self._progress(row)
        return before is None or _better(self.best.fitness, before.fitness)

    def restore(self, hall: Iterable[Individual], history: Sequence[dict]) -> None:
        """Goes on from what another journal held, its seconds included."""
        self.hall.update(hall)
        for row in history:
            self.logbook.record(**row)
        if history:
            self._started = time.perf_counter() - history[-1]["seconds"]

    @property
    def best(self) -> Individual | None:
        """The best candidate so far."""
        return self.hall[0] if len(self.hall) else None

    def gap(self, bound: float | None) -> float:
        """(bound - best feasible value) / |bound|, infinite without either."""
        if bound is None or self.best is None or self.best.fitness.values[0] > 0:
            return float("inf")
        return relative_gap(bound, self.best.fitness.values[1])

    def solution(self) -> Solution:
        """The best candidate as the answer, the other feasible ones as its runners-up."""
        violation, value = self.best.fitness.values
        rungs = self.best.rungs
        further = [other.rungs for other in self.hall[1:] if other.fitness.values[0] <= 0]
        return Solution(
            rungs=rungs,
            prices=written_prices(self._problem, rungs),
            value=float(value),
            violation=float(violation),
            evaluations=self._evaluator.evaluations,
            seconds=time.perf_counter() - self._started,
            optimiser=self._optimiser,
            status="done" if violation <= 0 and np.isfinite(value) else "not_found",
            history=tuple(self.logbook),
            runners_up=np.array(further, np.int32).reshape(len(further), len(rungs)),
        )


def relative_gap(bound: float, value: float) -> float:
    """(bound - value) / |bound|."""
    return (bound - value) / max(abs(bound), 1e-12)


def holding(problem: PricingProblem, optimiser: str, started: float) -> Solution:
    """The Solution where nothing is to decide: every offer keeps its price and nothing is evaluated."""
    rungs = np.zeros(0, np.int32)
    return Solution(
        rungs=rungs,
        prices=written_prices(problem, rungs),
        value=0.0,
        violation=0.0,
        evaluations=0,
        seconds=time.perf_counter() - started,
        optimiser=optimiser,
        status="done",
    )


def written_prices(problem: PricingProblem, rungs: np.ndarray) -> np.ndarray:
    """Rungs [D] -> prices [S] float64 as they are written: in whole minor units; held ones stay as they are."""
    money = Money(problem.decimals)
    prices = problem.prices(rungs)
    return np.where(problem.decision >= 0, money.price(money.minor(prices)), prices)


def _better(now: FeasibilityFirst, before: FeasibilityFirst) -> bool:
    (violation, value), (old_violation, old_value) = now.values, before.values
    if violation != old_violation:
        return violation < old_violation
    return value > old_value + (PROGRESS * abs(old_value) if np.isfinite(old_value) else 0.0)
