"""Gradient ascent in log prices: multi-start, projected onto the ladders' ends, snapped to rungs. Not an optimiser.

Joint rules enter by an augmented Lagrangian; where changes are limited, the changes worth most climb again alone.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from search.compiled import Compiled
from search.cores import each
from search.evaluate import GRADIENT_COST, Evaluator
from search.polish import PRICE_OF_VIOLATION, Take, evaluated
from search.rules.base import TIGHTENING
from search.sharpen import sharpened, sharpens
from search.sparing import make_sparing, worths
from search.types import PricingProblem

PENALTY = 20.0  # of the augmented Lagrangian, on relative excess against relative gain
STEEPEST = 2.0  # price of a soft rule's breach at which the ascent minds it most, as a multiple of the turnover
SPARINGS = 2  # rounds of choosing which prices change
DUAL_EVERY = 5  # steps between updates of its multipliers
STEPS, LEARNING_RATE = 80, 0.03
REFINING_STEPS, REFINING = 20, 0.01  # of the operator refine: its steps and their size


def ascend(
    evaluator: Evaluator,
    take: Take,
    *,
    seed: int,
    starts: int,
    steps: int,
    learning_rate: float,
    population: int,
    begin: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Candidates [N, D] by gradient ascent and, where changes are limited or tied, what each change is worth [D].

    There the changes worth most are kept and climb again without the others; twice, for what is worth most depends on
    what else changes.
    """
    options = {"seed": seed, "steps": steps, "learning_rate": learning_rate}
    candidates = climb(evaluator, starts=starts, begin=begin, **options)
    if sharpens(evaluator):
        ends = _ends(evaluator.problem)
        logs = sharpened(evaluator, _logs(evaluator.problem, candidates), *ends)
        candidates = np.concatenate([candidates, _snapped(evaluator.problem, logs)])
    sparing = make_sparing(evaluator.problem)
    if sparing is None:
        return candidates, np.zeros(candidates.shape[1])
    values, violations = evaluated(evaluator, candidates, population, take)
    wished = candidates[np.argmax(values - PRICE_OF_VIOLATION * evaluator.scale * np.maximum(violations, 0))]
    wished = sparing.together.completed(wished[None], 0.0)[0]
    kept, found = wished, [sparing.rest[None]]
    for _ in range(SPARINGS):
        worth = worths(evaluator, kept, wished, sparing, population, take)
        kept = sparing.repair(np.where(kept != sparing.rest, kept, wished)[None], worth)[0]
        again = climb(evaluator, starts=1, begin=kept, free=kept != sparing.rest, **options)
        kept = sparing.repair(again, worth)[0]
        found.append(kept[None])
    return np.concatenate([*found, sparing.repair(candidates, worth)]), worth


def climb(
    evaluator: Evaluator,
    *,
    seed: int,
    starts: int,
    steps: int,
    learning_rate: float,
    begin: np.ndarray | None = None,
    free: np.ndarray | None = None,
) -> np.ndarray:
    """Gradient ascent from several starts [N, D], snapped to the nearest rungs: int32. Counts its evaluations.

    The first start is `begin` [D] (default the current prices); decisions that are not `free` [D] stay there.
    """
    problem = evaluator.problem
    begin = problem.start if begin is None else begin
    low, high = _ends(problem)
    first = _logs(problem, begin[None])[0]
    if free is not None:
        low, high = np.where(free, low, first), np.where(free, high, first)
    around = np.random.default_rng(seed).uniform(-0.5, 0.5, (max(starts, 1), len(first))) * (high - low)
    around[0] = 0
    return _climbed(evaluator, np.clip(first + around, low, high), low, high, learning_rate, steps)


def refined(evaluator: Evaluator, rungs: np.ndarray) -> np.ndarray:
    """The operator refine: candidates [N, D] after a short ascent each, int32. Counts its evaluations."""
    return _climbed(evaluator, _logs(evaluator.problem, rungs), *_ends(evaluator.problem), REFINING, REFINING_STEPS)


def _ends(problem: PricingProblem) -> tuple[np.ndarray, np.ndarray]:
    """[D] the ladders' ends in log prices."""
    return np.log(problem.ladder[:, 0]), np.log(problem.ladder[:, -1])


def _logs(problem: PricingProblem, rungs: np.ndarray) -> np.ndarray:
    """Rungs [N, D] -> log prices [N, D]."""
    return np.log(problem.ladder[np.arange(len(problem.rungs)), rungs])


def _climbed(
    evaluator: Evaluator, points: np.ndarray, low: np.ndarray, high: np.ndarray, learning_rate: float, steps: int
) -> np.ndarray:
    """Log prices [N, D] -> rungs [N, D]; one by one, so that any number of starts and steps is one program."""
    numbers = [jnp.asarray(number, jnp.float32) for number in (low, high, evaluator.scale, learning_rate, steps)]
    logs = each(lambda point: _ascend(evaluator.compiled, jnp.asarray(point, jnp.float32), *numbers), points)
    evaluator.evaluations += GRADIENT_COST * steps * len(points)
    return _snapped(evaluator.problem, np.array(logs, np.float64))


@jax.jit
def _ascend(
    compiled: Compiled,
    begin: jax.Array,
    low: jax.Array,
    high: jax.Array,
    scale: jax.Array,
    learning_rate: jax.Array,
    steps: jax.Array,
) -> jax.Array:
    """Log prices [D] -> better ones [D] within low, high [D]; Adam with a cosine schedule."""
    adam = optax.scale_by_adam()
    prices = compiled.breach_prices
    most = jnp.where(np.isinf(prices), jnp.inf, jnp.minimum(prices / scale, STEEPEST))  # how hard a rule may press

    def loss(logs: jax.Array, multipliers: jax.Array) -> tuple[jax.Array, jax.Array]:
        value, excess = compiled.score(compiled.spread(jnp.exp(logs)[None]))
        broken = excess[0] + TIGHTENING
        wanted = multipliers + PENALTY * broken
        pressed = jnp.clip(wanted, 0.0, most)
        beyond = jnp.where(jnp.isinf(most), 0.0, most) * jnp.maximum(wanted - most, 0.0)
        return jnp.sum(pressed**2 / 2 + beyond - multipliers**2 / 2) / PENALTY - value[0] / scale, pressed

    def step(index: jax.Array, carry: tuple) -> tuple:
        logs, state, multipliers = carry
        slope, pressed = jax.grad(loss, has_aux=True)(logs, multipliers)
        direction, state = adam.update(jnp.nan_to_num(slope), state)
        rate = learning_rate * 0.5 * (1 + jnp.cos(jnp.pi * index / steps))
        logs = jnp.clip(logs - rate * direction, low, high)
        multipliers = jnp.where((index + 1) % DUAL_EVERY == 0, pressed, multipliers)
        return logs, state, multipliers

    return jax.lax.fori_loop(0, steps.astype(jnp.int32), step, (begin, adam.init(begin), jnp.zeros(most.shape)))[0]


def _snapped(problem: PricingProblem, logs: np.ndarray) -> np.ndarray:
    """Log prices [N, D] -> nearest rungs [N, D] int32; padding repeats the last price: the first nearest is real."""
    return np.stack([np.abs(np.log(problem.ladder) - row[:, None]).argmin(axis=1) for row in logs]).astype(np.int32)
