"""How far each price may move, all others staying, until the objective is noticeably less. Not for choosing prices.

Decisions that touch no common set of offers are tried in one candidate: a chain of stores costs about as much as one.
Axes: K members, P candidates, S offers, D decisions, G groups of decisions that depend on each other, N trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from search.compiled import Compiled, compile_problem
from search.objective import unit_value
from search.types import PricingProblem

SHARE = 0.005  # of the objective that a price in the flat range may lose
CANDIDATES = 16  # candidates of one compiled call
TRIALS = 128  # trials that one compiled call judges


@dataclass(frozen=True)
class _Answer:
    """What trials are compared with.

    compiled: the problem. rungs [D] of the answer; gain [K, G] over holding prices and units [S] at it. group [D] and
    offer_group [S]: which decisions and offers depend on each other. least [D]: objective that a trial must reach.
    """

    compiled: Compiled
    rungs: np.ndarray
    gain: jax.Array
    units: jax.Array
    group: np.ndarray
    offer_group: np.ndarray
    least: np.ndarray


def flat_range(
    problem: PricingProblem, prices: np.ndarray, sets: np.ndarray, *, share: float = SHARE
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest price [S], [S] at which the objective (risk deducted) loses at most a share; NaN where held.

    Only one decision moves, along its ladder; hard joint rules hold at every price tried. 100 % is the objective's
    expected total, at `prices`, of all offers in the sets that the decision touches: those whose sales it can change.
    The ends are found by doubling and halving steps from the answer, so the objective is taken to have one peak along
    the price. Where the total is not positive nothing may be lost.

    Args:
        prices: [S] the answer, on the ladders.
        sets: [S] numbers, 0-based, of the sets in which offers' sales depend on each other's prices.
    """
    if not len(problem.ladder):
        return np.full(len(prices), np.nan), np.full(len(prices), np.nan)
    answer = _answer(problem, prices, sets, share)
    reach = np.zeros((2, len(answer.rungs)), np.int64)  # steps down and up that are known to be flat
    beyond = np.stack([answer.rungs, problem.rungs - 1 - answer.rungs]) + 1  # steps that are not, or leave the ladder
    while (unknown := beyond - reach > 1).any():
        trial = np.minimum(2 * reach + 1, (reach + beyond) // 2)
        side, decision = np.nonzero(unknown)
        steps = trial[side, decision]
        flat = _flat(answer, decision, answer.rungs[decision] + np.where(side == 1, steps, -steps))
        reach[side[flat], decision[flat]] = steps[flat]
        beyond[side[~flat], decision[~flat]] = steps[~flat]
    ends = problem.prices(np.stack([answer.rungs - reach[0], answer.rungs + reach[1]]))
    low, high = np.where(problem.decision >= 0, ends, np.nan)
    return low, high


def _answer(problem: PricingProblem, prices: np.ndarray, sets: np.ndarray, share: float) -> _Answer:
    compiled, rungs = compile_problem(problem), problem.nearest(prices)
    priced = problem.decision >= 0
    decision, place = np.unique(np.stack([problem.decision[priced], sets[priced]]), axis=1)  # the sets that it touches
    count = int(sets.max()) + 1
    edges = coo_matrix((np.ones(len(place), bool), (place, count + decision)), shape=(count + len(rungs),) * 2)
    group = connected_components(edges, directed=False)[1].astype(np.int32)
    groups = int(group.max()) + 1
    gain, units, worth = map(np.asarray, _sales(compiled, _candidates(rungs), group[sets], groups))
    answer = _Answer(compiled, rungs, gain[:, 0], units[0], group[count:], group[sets], np.zeros(0))
    value = _judge(answer, gain, units, np.zeros(1, np.int32), rungs[:1], np.zeros(1, np.int32))[0, 0]
    total = np.bincount(sets, worth[0].astype(np.float64), count)
    whole = np.bincount(decision, total[place], len(rungs))
    return replace(answer, least=value - share * np.maximum(whole, 0.0))


def _flat(answer: _Answer, decision: np.ndarray, rung: np.ndarray) -> np.ndarray:
    """[N] whether one decision [N] at this rung [N], all others at the answer, costs little and breaks no rule."""
    group = answer.group[decision]
    row = pd.Series(group).groupby(group).cumcount().to_numpy()  # a candidate moves one decision of every group
    flat = np.zeros(len(decision), bool)
    for begin in range(0, int(row.max()) + 1, CANDIDATES):
        now = np.flatnonzero((row >= begin) & (row < begin + CANDIDATES))
        candidates = _candidates(answer.rungs)
        candidates[row[now] - begin, decision[now]] = rung[now]
        gain, units, _ = _sales(answer.compiled, candidates, answer.offer_group, answer.gain.shape[1])
        value, violation = _judge(answer, gain, units, decision[now], rung[now], row[now] - begin)
        flat[now] = (value >= answer.least[decision[now]]) & (violation <= 0)
    return flat


def _judge(answer: _Answer, gain, units, decision: np.ndarray, rung: np.ndarray, row: np.ndarray) -> np.ndarray:
    """[2, N] objective and violation of the joint rules; trial n moved in candidate `row` [N] of those with gain
    [K, P, G] and units [P, S]."""
    judged = []
    trials = np.stack([decision, rung, row, answer.group[decision]]).astype(np.int32)
    for begin in range(0, trials.shape[1], TRIALS):
        some = trials[:, begin : begin + TRIALS]
        padded = np.pad(some, ((0, 0), (0, TRIALS - some.shape[1])), mode="edge")
        alone = (answer.rungs, answer.gain, answer.units, answer.offer_group)
        judged.append(
            np.asarray(_objective(answer.compiled, *alone, gain, units, *padded), np.float64)[:, : some.shape[1]]
        )
    return np.concatenate(judged, axis=1)


def _candidates(rungs: np.ndarray) -> np.ndarray:
    """[P, D] the answer's rungs, to be moved."""
    return np.repeat(rungs[None], CANDIDATES, axis=0)


@partial(jax.jit, static_argnames="size")
def _sales(compiled: Compiled, rungs, group, size: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Rungs [P, D] -> gain over holding prices per group of offers [K, P, G], and means over members per offer: units
    [P, S] and what they are worth [P, S]."""
    prices = compiled.spread(compiled.ladder[jnp.arange(rungs.shape[1]), rungs])
    worth, worth_hold = (
        unit_value(compiled.objective, price, **compiled.rates) for price in (prices, compiled.current)
    )
    sold = compiled.sold(prices)
    gain = jnp.moveaxis(sold * worth - compiled.sold_hold[:, None] * worth_hold, -1, 0)
    summed = jnp.moveaxis(jax.ops.segment_sum(gain, group, size), 0, -1)
    return summed, sold.mean(axis=0), (sold * worth).mean(axis=0)


@jax.jit
def _objective(
    compiled: Compiled, rungs, gain, units, offer_group, gain_moved, units_moved, decision, rung, row, group
):
    """Arrays of _Answer, of moved candidates and of trials [N], as in _judge -> [2, N].

    Only offers of the trial's group sell other than at the answer.
    """
    total = gain.sum(axis=1, keepdims=True) + gain_moved[:, row, group] - gain[:, group]
    value = compiled.value(total)
    decisions = jnp.arange(len(rungs))
    chosen = compiled.ladder[decisions, rungs]
    moved = jnp.where(decisions == decision[:, None], compiled.ladder[decision, rung][:, None], chosen)
    sold = jnp.where(offer_group == group[:, None], units_moved[row], units)
    return jnp.stack(compiled.weigh(value, compiled.limits(compiled.spread(moved), sold[None])))
