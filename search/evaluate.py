"""One compiled fitness call for whole populations: candidates in, values and violations out. Not for choosing them.

The second generation, and the second problem of the same shapes, compile nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from search.compiled import Compiled, compile_problem, f32, problem_arrays, sold
from search.rules.inventory import sales_cap
from search.table import tabulate
from search.types import PricingProblem


class Evaluator:
    """Fitness of candidates of one problem, counted.

    Attributes:
        problem: what is evaluated.
        compiled: the same as device arrays.
        scale: money (or units) that the offers turn over at current prices; for step sizes and tolerances.
        dearest: what an excess of 1 costs at most in a soft rule.
        evaluations: candidates evaluated so far.
    """

    def __init__(self, problem: PricingProblem, block: int, tabulated: bool):
        self.problem = problem
        self.compiled = compile_problem(problem)
        if tabulated:
            table = tabulate(problem, sales_cap(problem.kept, problem.offers))
            self.compiled = replace(self.compiled, table=table)
        turnover = np.ones(len(problem.offers)) if problem.objective.name == "units" else problem.current
        scale = float(np.asarray(self.compiled.sold_hold, np.float64).mean(axis=0) @ turnover)
        self.scale = scale if np.isfinite(scale) and scale > 0 else 1.0
        self.dearest = max((rule.price_per_unit or 0.0 for rule in self.compiled.rules), default=0.0)
        self.evaluations = 0
        self._block = block

    def fitness(self, rungs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rungs [P, D] int32 -> value [P] and violation of the joint rules [P], both float64.

        Call it with one P: another P compiles another program. A value that is no number is -inf.
        """
        size = len(rungs)
        block = min(self._block, size) if jax.default_backend() == "cpu" else size
        padding = -size % block
        padded = np.concatenate([rungs, np.repeat(rungs[:1], padding, axis=0)]) if padding else rungs
        value, violation = _fitness(self.compiled, np.asarray(padded, np.int32), block)
        self.evaluations += size
        return np.asarray(value, np.float64)[:size], np.asarray(violation, np.float64)[:size]


def make_evaluator(problem: PricingProblem, *, block: int = 16, tabulated: bool = False) -> Evaluator:
    """The evaluator of a problem; candidates run in blocks of `block` on CPU (cache-sized), all at once elsewhere.

    tabulated: look responses up in a table (search.table) where the demand declares its price indices.
    """
    return Evaluator(problem, block, tabulated)


def sold_units(problem: PricingProblem, prices: np.ndarray) -> np.ndarray:
    """Expected sales per member at prices [P, S] -> [K, P, S] float64, at most the stock where a rule caps them."""
    units = np.asarray(sold(problem_arrays(problem), f32(prices)), np.float64)
    return np.minimum(units, sales_cap(problem.kept, problem.offers))


@partial(jax.jit, static_argnames="block")
def _fitness(compiled: Compiled, rungs: jax.Array, block: int) -> tuple[jax.Array, jax.Array]:
    decisions = jnp.arange(rungs.shape[1])

    def evaluate(chunk: jax.Array) -> tuple[jax.Array, jax.Array]:
        sold = None if compiled.table is None else compiled.table.sold(chunk)
        return compiled.weigh(*compiled.score(compiled.spread(compiled.ladder[decisions, chunk]), sold))

    value, violation = jax.lax.map(evaluate, rungs.reshape(-1, block, rungs.shape[1]))
    value = jnp.where(jnp.isfinite(value), value, -jnp.inf).ravel()
    return value, jnp.where(jnp.isnan(violation), jnp.inf, violation).ravel()
