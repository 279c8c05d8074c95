"""One compiled fitness call for whole populations: candidates in, values and violations out. Not for choosing them.

The second generation, and the second problem of the same shapes, compile nothing.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np

from search.compiled import Compiled, answered, as_pytree, compile_problem, f32, problem_arrays
from search.cores import each, parted
from search.table import tabulate
from search.types import Demand, PricingProblem

GRADIENT_COST = 3  # a gradient is counted as so many evaluations: one forwards, about two backwards


class Evaluator:
    """Fitness of candidates of one problem, counted.

    Attributes:
        problem: what is evaluated.
        compiled: the same as device arrays.
        scale: money (or units) that the offers turn over at current prices; for step sizes and tolerances.
        dearest: what an excess of 1 costs at most in a soft rule.
        evaluations: candidates evaluated so far.
        block: candidates evaluated at a time on CPU.
    """

    def __init__(self, problem: PricingProblem, block: int, tabulated: bool):
        self.problem = problem
        self.compiled = compile_problem(problem)
        if tabulated:
            self.compiled = replace(self.compiled, table=tabulate(problem, self.compiled.shelf))
        turnover = np.ones(len(problem.offers)) if problem.objective.name == "units" else problem.current
        scale = float(np.asarray(self.compiled.sold_hold, np.float64).mean(axis=0) @ turnover)
        self.scale = scale if np.isfinite(scale) and scale > 0 else 1.0
        self.dearest = max((rule.price_per_unit or 0.0 for rule in self.compiled.rules), default=0.0)
        self.evaluations = 0
        self.block = block

    def fitness(self, rungs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rungs [P, D] int32 -> value [P] and violation of the joint rules [P], both float64.

        Call it with one P: another P compiles another program. A value that is no number is -inf.
        """
        value, violation, _ = self.measured(rungs, None)
        return value, violation

    def measured(self, rungs: np.ndarray, against: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As fitness, and a second measure [P] of the candidates, see Compiled.measure."""
        parts = parted(np.asarray(rungs, np.int32), self.block)
        found = each(lambda part: _scored(self.compiled, part, self.block, against), parts)
        self.evaluations += len(rungs)
        value, violation, second = (np.concatenate(one).astype(np.float64) for one in zip(*found, strict=True))
        return value, violation, second

    def retargeted(self, problem: PricingProblem) -> Evaluator:
        """Of a problem with other costs, objective or joint rules; what the demand answered is kept."""
        other = copy(self)
        same = {"sold_hold": self.compiled.sold_hold, "table": self.compiled.table}
        other.problem, other.compiled = problem, replace(problem_arrays(problem), **same)
        return other


def make_evaluator(problem: PricingProblem, *, block: int = 16, tabulated: bool = False) -> Evaluator:
    """The evaluator of a problem; candidates run in blocks of `block` on CPU (cache-sized), on all cores, and all
    at once elsewhere.

    tabulated: look responses up in a table (search.table) where the demand declares its price indices.
    """
    return Evaluator(problem, block, tabulated)


def demanded_units(problem: PricingProblem, prices: np.ndarray) -> np.ndarray:
    """Expected demand per member at prices [P, S] -> [K, P, S] float64, whatever the stock."""
    return demanded(problem.demand, prices)


def demanded(demand: Demand, prices: np.ndarray) -> np.ndarray:
    """What a demand expects at prices [P, S] -> [K, P, S] float64."""
    return np.asarray(answered(as_pytree(demand), f32(prices)), np.float64)


def sold_units(problem: PricingProblem, prices: np.ndarray, units: np.ndarray | None = None) -> np.ndarray:
    """Expected sales per member at prices [P, S] -> [K, P, S] float64, of the stock where a rule caps them; `units` is
    what demanded_units says there, where it is known."""
    units = demanded_units(problem, prices) if units is None else units
    return problem.shelf.sales(units, prices, lambda virtual: demanded_units(problem, virtual))


def scored(compiled: Compiled, rungs: jax.Array, block: int, against: str | None) -> tuple[jax.Array, ...]:
    """Rungs [P, D] -> value [P] (-inf where it is no number), violation [P] (inf there), and the second measure [P]."""
    size, decisions = rungs.shape
    block = min(block, size) if jax.default_backend() == "cpu" else size
    padded = jnp.concatenate([rungs, jnp.repeat(rungs[:1], -size % block, axis=0)])

    def evaluate(chunk: jax.Array) -> tuple[jax.Array, ...]:
        prices = compiled.spread(compiled.ladder[jnp.arange(decisions), chunk])
        sold = compiled.sold(prices) if compiled.table is None else compiled.table.sold(chunk)
        second = jnp.zeros(len(chunk)) if against is None else compiled.measure(against, prices, sold)
        return *compiled.weigh(*compiled.score(prices, sold)), second

    found = jax.lax.map(evaluate, padded.reshape(-1, block, decisions))
    value, violation, second = (one.ravel()[:size] for one in found)
    value = jnp.where(jnp.isfinite(value), value, -jnp.inf)
    return value, jnp.where(jnp.isnan(violation), jnp.inf, violation), second


_scored = jax.jit(scored, static_argnames=("block", "against"))
