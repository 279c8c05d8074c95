"""Moves of one item of a choice set by any number of rungs, exact in what they do to the set's index. By whole arrays.

Axes: C choice sets, n items (padded with items of no effect), L rungs, M values of the index, R rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Place:
    """Where the index of every set lies now [C] and after every move [C, n, L]: cell numbers and weights of the upper
    ends."""

    now: tuple[np.ndarray, np.ndarray]
    moved: tuple[np.ndarray, np.ndarray]


def place(terms: np.ndarray, grid: np.ndarray, rungs: np.ndarray) -> Place:
    """Of terms [C, n, L] at rungs [C, n]."""
    mine = np.take_along_axis(terms, rungs[..., None], axis=2)[..., 0]
    index = mine.sum(axis=1)
    after = (index[:, None] - mine)[..., None] + terms
    return Place(_cell(index, grid), _cell(after, grid))


def effects(values: np.ndarray, rungs: np.ndarray, at: Place) -> tuple[np.ndarray, np.ndarray]:
    """Totals of the sets [C] of values [C, n, L, M or 1], and what every move adds to them [C, n, L]."""
    mine = np.take_along_axis(values, rungs[..., None, None], axis=2)[:, :, 0]  # [C, n, M or 1]
    total = mine.sum(axis=1)
    if values.shape[-1] == 1:
        return total[:, 0], (values - mine[:, :, None])[..., 0]
    sets, items, steps = np.ogrid[: values.shape[0], : values.shape[1], : values.shape[2]]
    cell, weight = at.moved
    here, share = at.now
    every = np.arange(len(total))
    now = (1 - share) * total[every, here] + share * total[every, here + 1]
    others = [
        total[sets, cell + end] - mine[sets, items, cell + end] + values[sets, items, steps, cell + end]
        for end in (0, 1)
    ]
    return now, (1 - weight) * others[0] + weight * others[1] - now[:, None, None]


def climb(values: np.ndarray, terms: np.ndarray, grid: np.ndarray, rungs: np.ndarray, most: int) -> np.ndarray:
    """Rungs [C, n] from which no single move adds to its set's total, or after `most` moves in every set."""
    rungs, active = rungs.copy(), np.arange(len(rungs))
    for _ in range(most):
        at = place(terms[active], grid[active], rungs[active])
        now, gain = effects(values[active], rungs[active], at)
        flat = gain.reshape(len(active), -1)
        best = flat.argmax(axis=1)
        better = flat[np.arange(len(active)), best] > 1e-10 * (1 + np.abs(now))
        active, best = active[better], best[better]
        if not len(active):
            break
        rungs[active, best // terms.shape[2]] = best % terms.shape[2]
    return rungs


def _cell(index: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shape = (len(grid),) + (1,) * (index.ndim - 1)
    start, step = grid[:, 0].reshape(shape), (grid[:, 1] - grid[:, 0]).reshape(shape)
    position = np.clip((index - start) / step, 0, grid.shape[1] - 1)
    cell = np.minimum(position.astype(np.int64), grid.shape[1] - 2)
    return cell, position - cell
