"""Weights of the heads by how well they foretell periods that they were not fitted to. Not for fitting."""

from __future__ import annotations

import numpy as np

RESAMPLES = 500


def fold_of_periods(periods: int, folds: int, block: int) -> np.ndarray:
    """[T] the fold of each period: blocks of neighbours take turns."""
    return np.arange(periods) // block % folds


def pseudo_bma(scores: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """[H] weights from held-out log densities by period [H, T]: pseudo-BMA+ (Yao, Vehtari, Simpson & Gelman 2018).

    Softmax of the tempered totals, averaged over a Bayesian bootstrap of the periods.
    """
    count = scores.shape[1]
    parts = rng.dirichlet(np.ones(count), RESAMPLES)
    totals = temperature * count * parts @ (scores - scores.max(0)).T
    weights = np.exp(totals - totals.max(1, keepdims=True))
    return (weights / weights.sum(1, keepdims=True)).mean(0)
