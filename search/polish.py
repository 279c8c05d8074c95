"""Coordinate moves on rungs: repairs violations, then climbs, by whole batches. Not for leaving a local optimum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from search.evaluate import Evaluator

FINE = 64  # rungs of a ladder from which moves are by more than one

PRICE_OF_VIOLATION = 3.0
"""Value, as a share of turnover, that repairing a relative violation of 1 may cost; picks which candidate to repair.
Feasible but poor candidates would win by feasibility first, and good ones a cent off an edge be lost."""

Take = Callable[[np.ndarray, np.ndarray, np.ndarray], bool]


def polish(evaluator: Evaluator, candidates: np.ndarray, population: int, sweeps: int, take: Take) -> np.ndarray:
    """The most promising of the candidates [N, D], repaired and improved: rungs [D] int32.

    A sweep evaluates all moves of one decision, sorts the useful ones, and tries the first 1, 2, … of them together.
    Moves are by one rung; on ladders of more than FINE rungs by more at first.

    Args:
        population: P, rows of every fitness call.
        sweeps: at most so many of each size of moves.
        take: notes every evaluated population (Journal.take).
    """
    values, violations = evaluated(evaluator, candidates, population, take)
    row = np.argmax(values - (PRICE_OF_VIOLATION * evaluator.scale + evaluator.dearest) * violations)
    best, value, violation = candidates[row].astype(np.int32), values[row], violations[row]
    lengths = evaluator.problem.rungs
    for step in _steps(lengths):
        for _ in range(sweeps):
            moves = _moves(best, lengths, step)
            ordered = _useful(evaluator, best, value, violation, moves, population, take)
            if not len(ordered):
                break
            trial = _best_of(evaluator, _prefixes(best, ordered, population), population, take)
            if (trial[2], -trial[1]) >= (violation, -value):
                break
            best, value, violation = trial
    return best


def _steps(lengths: np.ndarray) -> list[np.ndarray]:
    """How many rungs moves are by [D], the largest first and one last."""
    steps = [np.maximum(lengths // FINE, 1)]
    while steps[-1].max() > 1:
        steps.append(np.maximum(steps[-1] // 4, 1))
    return steps


def _moves(rungs: np.ndarray, lengths: np.ndarray, step: np.ndarray) -> np.ndarray:
    """All moves by step [D] rungs that stay on the ladder: [M, 2] of decision and step."""
    up, down = np.flatnonzero(rungs < lengths - step), np.flatnonzero(rungs >= step)
    return np.stack([np.concatenate([up, down]), np.concatenate([step[up], -step[down]])], axis=1)


def _useful(evaluator, best, value, violation, moves, population, take) -> np.ndarray:
    """Moves [N, 2] that help on their own, the best first, at most one per decision.

    Feasible: by value gained. Else: by value lost per violation removed, which is what a repair costs.
    """
    found = [(np.zeros(0), np.zeros(0))]
    for begin in range(0, len(moves), population):  # all trials at once would be a matrix of D × D
        some = moves[begin : begin + population]
        trials = np.repeat(best[None], len(some), axis=0)
        trials[np.arange(len(some)), some[:, 0]] += some[:, 1].astype(np.int32)
        found.append(evaluated(evaluator, trials, population, take))
    values, violations = (np.concatenate(parts) for parts in zip(*found, strict=True))
    usable = np.isfinite(values)
    lost = np.where(usable, value - np.where(usable, values, 0.0), np.inf)
    if violation > 0:
        removed = violation - violations
        helps = usable & (removed > 0)
        price = lost / np.where(helps, removed, 1.0)
    else:
        helps = (violations <= 0) & (lost < 0)
        price = lost
    order = np.argsort(price, kind="stable")
    order = order[helps[order]]
    _, first = np.unique(moves[order, 0], return_index=True)
    return moves[order[np.sort(first)]]


def _prefixes(best: np.ndarray, moves: np.ndarray, population: int) -> np.ndarray:
    """Candidates [≤ P, D] that take the first n moves, n spread evenly on a logarithmic scale."""
    counts = np.unique(np.geomspace(1, len(moves), population).round().astype(np.int64))
    taken = np.arange(len(moves)) < counts[:, None]
    trials = np.repeat(best[None], len(counts), axis=0)
    trials[:, moves[:, 0]] += (taken * moves[:, 1]).astype(np.int32)
    return trials


def _best_of(evaluator, candidates, population, take) -> tuple[np.ndarray, float, float]:
    values, violations = evaluated(evaluator, candidates, population, take)
    row = np.lexsort((-values, violations))[0]
    return candidates[row].astype(np.int32), values[row], violations[row]


def evaluated(evaluator, candidates, population, take) -> tuple[np.ndarray, np.ndarray]:
    """Values and violations [N] of any number of candidates, in calls of exactly `population` rows."""
    values, violations = [np.zeros(0)], [np.zeros(0)]
    for begin in range(0, len(candidates), population):
        batch = candidates[begin : begin + population]
        padded = np.concatenate([batch, np.repeat(batch[:1], population - len(batch), axis=0)]).astype(np.int32)
        value, violation = evaluator.fitness(padded)
        take(padded, value, violation)
        values.append(value[: len(batch)])
        violations.append(violation[: len(batch)])
    return np.concatenate(values), np.concatenate(violations)
