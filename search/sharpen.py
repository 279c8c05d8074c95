"""The last steps of an ascent on ladders that are nearly continuous: SLSQP from where it ended. Not for other ladders.

Adam stops short along a binding rule, where a price that hardly matters trades against another; sequential quadratic
programming (Kraft 1988, as SciPy has it) follows the rule's edge. Its time grows with the cube of the decisions.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from search.compiled import Compiled
from search.evaluate import GRADIENT_COST, Evaluator
from search.rules.base import TIGHTENING

FINE, MOST = 256, 60  # rungs of the longest ladder from which, and decisions up to which, it is worth its time
STEPS, PRECISION = 60, 1e-7


def sharpens(evaluator: Evaluator) -> bool:
    """Whether the problem is small, and its ladders fine, enough."""
    rungs = evaluator.problem.rungs
    return len(rungs) <= MOST and bool((rungs > FINE).any())


def sharpened(evaluator: Evaluator, logs: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Log prices [N, D] within low, high [D] -> better ones where SLSQP finds them. Counts its evaluations."""
    hard = np.isinf(evaluator.compiled.breach_prices)
    known: dict[bytes, tuple] = {}

    def at(point: np.ndarray) -> tuple:
        """Value over turnover and the hard rules' room [G], with their slopes."""
        key = point.tobytes()
        if key not in known:
            known.clear()
            found = _local(evaluator.compiled, jnp.asarray(point, jnp.float32))
            (value, excess), (slope, slopes) = jax.tree.map(lambda part: np.asarray(part, np.float64), found)
            evaluator.evaluations += GRADIENT_COST
            scale = evaluator.scale
            known[key] = -value / scale, -slope / scale, -(excess + 2 * TIGHTENING)[hard], -slopes[hard]
        return known[key]

    rules = {"type": "ineq", "fun": lambda point: at(point)[2], "jac": lambda point: at(point)[3]}
    settings = {"bounds": list(zip(low, high, strict=True)), "constraints": [rules] * bool(hard.any())}
    options = {"maxiter": STEPS, "ftol": PRECISION}
    ended = [
        minimize(lambda point: at(point)[:2], one, jac=True, method="SLSQP", **settings, options=options)
        for one in logs
    ]
    return np.stack([np.where(np.isfinite(one.x), one.x, begun) for one, begun in zip(ended, logs, strict=True)])


@jax.jit
def _local(compiled: Compiled, logs: jax.Array) -> tuple:
    """Log prices [D] -> value and excess [G], and their slopes [D], [G, D]."""

    def both(logs: jax.Array) -> tuple[jax.Array, jax.Array]:
        value, excess = compiled.score(compiled.spread(jnp.exp(logs)[None]))
        return value[0], excess[0]

    return both(logs), jax.tree.map(jnp.nan_to_num, jax.jacrev(both)(logs))
