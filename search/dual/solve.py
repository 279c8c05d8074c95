"""The dual solved: multipliers of the shared rules by cutting planes in a trust region, and prices read off them."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import linprog

from search.compiled import Compiled, f32
from search.dual.bound import Bounded, Sets, bounds, by_set, padded, proven
from search.dual.moves import climb
from search.dual.relaxation import Relaxation, relax, weights_at
from search.dual.repair import fill, mend
from search.evaluate import Evaluator

ROUNDS = 2  # of new weights of the members, after the first
CUTS = 16  # bounds per round
CLOSE = 2e-6  # of the value: no further cut is asked for
STEPS = 60  # moves per choice set of one climb
READINGS, WORK = (12, 80), 20_000  # of prices: at least and at most, between them so many items
VARIED = 0.03  # how far their multipliers are varied, in log units


class Dual(NamedTuple):
    """bound: at least the value of any rungs of the tabulated problem that keep the rules (dropped ones left out).
    rungs: [N, D] distinct candidates."""

    bound: float
    rungs: np.ndarray
    dropped: tuple[str, ...]


def solve(evaluator: Evaluator) -> Dual | None:
    """None where no bound is known: see relaxation.relax, and where the problem is not tabulated."""
    compiled = evaluator.compiled
    relaxation = relax(evaluator.problem, compiled)
    if relaxation is None:
        return None
    of_set = by_set(relaxation.choice_set, len(relaxation.grid))
    terms, rows = padded(relaxation.terms, of_set), [padded(row.amounts, of_set) for row in relaxation.rows]
    limits = np.array([row.limit for row in relaxation.rows])
    weights = np.full(len(relaxation.hold), 1 / len(relaxation.hold))
    multipliers, slopes = np.zeros(len(rows)), None
    spans, unchanging = [_span(row) for row in rows], jax.tree.map(f32, (tuple(rows), terms, relaxation.grid))
    for _ in range(ROUNDS + 1):
        profits = padded(relaxation.profits(weights), of_set)
        multipliers, found = _cutting_planes(Sets(f32(profits), *unchanging), limits, spans, multipliers, slopes)
        slopes = found.slopes
        gains = members_gains(compiled, _of_items(np.asarray(found.rungs), of_set, relaxation))
        last, weights = weights, weights_at(compiled, gains)
        if np.abs(weights - last).max() < 1e-4 / len(weights):
            break
    net = _priced(profits, rows, multipliers)
    upper = proven(net, terms, relaxation.grid, np.asarray(slopes, np.float64)) + float(multipliers @ limits)
    inside = np.array([row.inside for row in relaxation.rows])
    read = _read(profits, rows, inside, terms, relaxation.grid, multipliers, np.asarray(found.rungs, np.int64))
    rungs = np.unique([_of_items(one, of_set, relaxation) for one in read], axis=0)
    return Dual(upper - relaxation.held(last), rungs, relaxation.dropped)


def _priced(profits: np.ndarray, rows: list[np.ndarray], multipliers: np.ndarray) -> np.ndarray:
    """Profits [C, n, L, M] less what the rows' amounts cost at multipliers [R]."""
    for multiplier, row in zip(multipliers, rows, strict=True):
        if multiplier > 0:
            profits = profits - multiplier * row
    return profits


def _of_items(rungs: np.ndarray, of_set: np.ndarray, relaxation: Relaxation) -> np.ndarray:
    """Rungs by set [C, n] -> those of the decisions [D] int32."""
    flat = np.zeros(len(relaxation.choice_set) + 1, np.int32)
    flat[of_set] = rungs
    return flat[: relaxation.decisions]


def _cutting_planes(sets: Sets, limits, spans, start, slopes) -> tuple[np.ndarray, Bounded]:
    """The multipliers [R] of the least bound found, and what it is made of."""

    def at(multipliers: np.ndarray, slopes: jax.Array | None) -> tuple[float, np.ndarray, Bounded]:
        around = jnp.zeros((sets.grid.shape[0], sets.grid.shape[1] - 1)) if slopes is None else slopes
        found = bounds(sets, f32(multipliers), around, slopes is not None)
        value = float(np.asarray(found.value, np.float64).sum() + multipliers @ limits)
        return value, limits - np.asarray(found.spent, np.float64), found

    value, rise, found = at(start, slopes)
    best, center = (value, found), start
    if not len(limits) or (not start.any() and (rise >= 0).all()):
        return start, found
    cuts = [(value, start, rise)]
    width = max(abs(value), 1e-9) / np.array(spans)
    for _ in range(CUTS):
        trial, promised = _least(cuts, center, width)
        if best[0] - promised <= CLOSE * abs(best[0]):
            break
        value, rise, found = at(trial, best[1].slopes)
        cuts.append((value, trial, rise))
        width = width * (1.5 if value < best[0] - 0.1 * (best[0] - promised) else 0.33)
        if value < best[0]:
            best, center = (value, found), trial
    return center, best[1]


def _least(cuts: list, center: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, float]:
    """Multipliers >= 0 within the trust region at which the highest of the cuts is least, and that height."""
    values, points, rises = (np.array(part) for part in zip(*cuts, strict=True))
    scale = 1 / width
    rows = np.hstack([rises / scale, -np.ones((len(cuts), 1))])
    low, high = np.maximum(center - width, 0) * scale, (center + width) * scale
    size = np.abs(values).max() + 1e-12
    rows[:, :-1] /= size
    right = ((rises * points).sum(axis=1) - values) / size
    cost = np.append(np.zeros(len(center)), 1.0)
    limits = [*zip(low, high, strict=True), (None, None)]
    found = linprog(cost, A_ub=rows, b_ub=right, bounds=limits, method="highs")
    if found.x is None:
        return center, -np.inf
    return found.x[:-1] / scale, float(found.x[-1] * size)


def _span(amounts: np.ndarray) -> float:
    """What the rungs can make of the sum of amounts [C, n, L, M or 1], at most."""
    return float(np.ptp(amounts.max(axis=-1), axis=-1).sum()) or 1.0


def _read(profits, rows, inside, terms, grid, multipliers, start) -> list[np.ndarray]:
    """Rungs [C, n] climbed at the multipliers and varied ones, mended to keep the rows, and filled up."""
    generator, found = np.random.default_rng(0), []
    readings = int(np.clip(WORK // profits[..., 0, 0].size, *READINGS)) if multipliers.any() else 1
    for reading in range(readings):
        varied = multipliers * np.exp(VARIED * generator.standard_normal(len(multipliers)) * (reading > 0))
        start = climb(_priced(profits, rows, varied), terms, grid, start, STEPS)
        kept = mend(profits, rows, inside, terms, grid, start)
        found.append(fill(profits, rows, inside, terms, grid, kept))
    return found


@jax.jit
def _gains(compiled: Compiled, rungs: jax.Array) -> jax.Array:
    prices = compiled.spread(compiled.ladder[jnp.arange(rungs.shape[1]), rungs])
    return compiled.gains(prices, compiled.table.sold(rungs))


def members_gains(compiled: Compiled, rungs: np.ndarray) -> np.ndarray:
    """[K] the members' gains over holding at rungs [D], by the table."""
    return np.asarray(_gains(compiled, jnp.asarray(rungs[None], jnp.int32)), np.float64)[:, 0]
