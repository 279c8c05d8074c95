"""Rungs made to keep the rows at the least loss, and the room that is left used. Greedy, a round of moves at a time.

Axes as in search.dual.moves; a round takes at most one move of every choice set, so that what a move does is exact.
"""

from __future__ import annotations

import numpy as np

from search.dual.moves import effects, place

MENDING, FILLING = 40, 40  # rounds


def mend(values, rows, limits, terms, grid, rungs) -> np.ndarray:
    """Rungs [C, n] that keep as many of the rows (sums at most limits [R]) as `MENDING` rounds can."""
    rungs = rungs.copy()
    for _ in range(MENDING):
        gain, totals, added = _effects(values, rows, terms, grid, rungs)
        over = totals - limits
        if not len(rows) or (over <= 0).all():
            break
        weight = (over > 0) / np.maximum(over, 1e-12)
        room = np.maximum(-over, 0.0)
        fits = np.ones(gain.shape, bool)
        for row, spare in zip(added, room, strict=True):
            fits &= (row <= spare) | (row <= 0)
        removed = -sum(one * row for one, row in zip(weight, added, strict=True))
        useful = fits & (removed > 1e-12)
        price = np.where(useful, -gain / np.where(useful, np.minimum(removed, 1.0), 1.0), np.inf)
        best, order = _best(price)
        if not len(order):
            break
        sums = _of(added, order, best)  # [R, N]
        after = over[:, None] + np.cumsum(sums, axis=1)
        kept = np.where(over[:, None] <= 0, after <= 0, True).all(axis=0)
        enough = np.flatnonzero((after <= 0).all(axis=0))
        count = enough[0] + 1 if len(enough) else (len(order) if kept.all() else max(int(np.argmin(kept)), 1))
        _take(rungs, order[:count], best, terms.shape[2])
    return rungs


def fill(values, rows, limits, terms, grid, rungs) -> np.ndarray:
    """Rungs [C, n] that earn more and keep the rows that `rungs` keep."""
    rungs = rungs.copy()
    for _ in range(FILLING):
        gain, totals, added = _effects(values, rows, terms, grid, rungs)
        room = np.maximum(limits - totals, 0.0)
        worth, used = gain > 1e-9 * np.abs(gain).max(initial=1e-12), np.zeros(gain.shape)
        for row, spare in zip(added, room, strict=True):
            worth &= row <= spare
            used += np.maximum(row, 0.0) / max(spare, 1e-12)
        best, order = _best(np.where(worth, -gain / (0.05 + used), np.inf))
        if not len(order):
            break
        sums = _of(added, order, best)
        left, taken = room.copy(), []
        for number, one in zip(order, sums.T, strict=True):
            if (one <= left).all():
                left -= one
                taken.append(number)
        _take(rungs, np.array(taken, np.int64), best, terms.shape[2])
    return rungs


def _effects(values, rows, terms, grid, rungs) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """What every move adds to the value [C, n, L], the rows' totals [R], and what it adds to each of them [C, n, L]."""
    at = place(terms, grid, rungs)
    found = [effects(row, rungs, at) for row in rows]
    totals = np.array([now.sum() for now, _ in found])
    return effects(values, rungs, at)[1], totals, [added for _, added in found]


def _best(price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each set's cheapest move [C], and the sets that have one of finite price, the cheapest first."""
    flat = price.reshape(len(price), -1)
    best = flat.argmin(axis=1)
    lowest = flat[np.arange(len(flat)), best]
    order = np.argsort(lowest, kind="stable")
    return best, order[np.isfinite(lowest[order])]


def _of(added: list[np.ndarray], sets: np.ndarray, best: np.ndarray) -> np.ndarray:
    """[R, N] what these sets' best moves add to the rows."""
    return np.array([row.reshape(len(row), -1)[sets, best[sets]] for row in added]).reshape(len(added), len(sets))


def _take(rungs: np.ndarray, sets: np.ndarray, best: np.ndarray, length: int) -> None:
    rungs[sets, best[sets] // length] = best[sets] % length
