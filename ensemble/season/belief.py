"""What is believed of running seasons: the prior, and the periods seen so far. Not for deciding prices.

Axes: N series, C cells (decay and elasticity) kept per series, T periods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ensemble.season.prior import Prior, log_likelihood
from ensemble.season.seasons import Seasons

CELLS = 8  # most believed, per series


@dataclass(frozen=True)
class Belief:
    """Per series a mixture of cells; in each, popularity is gamma distributed.

    Attributes:
        weights: [N, C], sum 1. decay, elasticity: [N, C].
        mean: [N, C] of popularity, in units of the first period at the first price; shape: [N, C] of the gamma, its
            squared mean over its variance.
        dispersion: of the periods' noise.
    """

    weights: np.ndarray
    decay: np.ndarray
    elasticity: np.ndarray
    mean: np.ndarray
    shape: np.ndarray
    dispersion: float


def believe(prior: Prior, running: Seasons, cells: int = CELLS) -> Belief:
    """The belief after the seen periods of running seasons (none: the prior itself)."""
    with np.errstate(divide="ignore"):
        logs = np.log(prior.weights) + log_likelihood(running, prior)
    chance = np.exp(logs - logs.max((1, 2), keepdims=True))
    chance /= chance.sum((1, 2), keepdims=True)
    each = chance.sum(2)
    cells = min(cells, each.shape[1])
    kept = np.argsort(-each, axis=1, kind="stable")[:, :cells]
    rows = np.arange(len(each))[:, None]
    within = chance[rows, kept] / np.maximum(each[rows, kept], 1e-300)[..., None]
    mean = within @ prior.popularity
    spread = np.maximum(within @ prior.popularity**2 - mean**2, (0.02 * mean) ** 2)
    weights = each[rows, kept]
    return Belief(
        weights / weights.sum(1, keepdims=True),
        prior.decay[kept],
        prior.elasticity[kept],
        mean * running.stock[:, None],
        mean**2 / spread,
        prior.dispersion,
    )
