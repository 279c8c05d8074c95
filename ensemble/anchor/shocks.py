"""Demand shocks that all stores of a period share: their size, their law, and the sums that integrate them out.

A week in which a product is in fashion everywhere would else count as evidence on its price once per store. NumPy,
float64. Axes: M stores, T periods, J products.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LEAST_STORES = 4  # that shocks in common are told from
LEAST_RATIO = 0.05  # of units to the expected ones, below which a shock is no lower
LEAST_SHOCK = 1e-3  # variance of a shock where none stands out, in those of the noise
LONGEST_LASTING = 0.9
TINY = 1e-9


def common_shocks(
    units: np.ndarray, mean: np.ndarray, rows: np.ndarray, dispersion: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """[T, J] logs of what all stores sell more of a product in a period than expected, shrunk to 0; and [T, J] the
    share that is left of each: their sum is the degrees of freedom that they take.

    The stores' relative residuals, weighed by what they tell, have the variance of a shock and of noise; the shock's is
    a moment over the periods, and each is shrunk by its share (empirical Bayes; Efron & Morris 1975). 0 where fewer
    than LEAST_STORES stores tell.

    Args:
        units, mean: [M, T, J]. rows: [M, T, J] weight of what is seen. dispersion: [J].
    """
    told = rows * mean / (1 + dispersion * mean)
    total = told.sum(0)
    known = (rows > 0).sum(0) >= LEAST_STORES
    noise = np.where(known, 1 / np.maximum(total, 1e-9), 0.0)
    residual = (told * (units - mean) / mean).sum(0) * noise
    residual = np.log(np.maximum(1 + residual, LEAST_RATIO))
    periods = np.maximum(known.sum(0), 1)
    residual = np.where(known, residual - residual.sum(0, where=known) / periods, 0.0)
    variance = np.maximum((residual**2 - noise).sum(0) / periods, 0.0)
    share = known * variance / np.maximum(variance + noise, 1e-12)
    return residual * share, share


def law(pull: np.ndarray, within: np.ndarray, shock: np.ndarray) -> tuple[np.ndarray, float]:
    """Covariance [J, J] of a period's shocks, and how much of a shock lasts until the next period.

    At the shocks [T, J] the log likelihood has the gradient pull [T, J] and the second derivatives −within [T, J, J].
    Standardised by what a period's stores tell, shocks that are not there leave noise of variance 1; what stands out
    does so where noise of as many products in as many periods would not (eigenvalues of a spiked covariance; Donoho,
    Gavish & Johnstone 2018).
    """
    known = np.einsum("tjj->t", within) > 0
    count, size = int(known.sum()), pull.shape[-1]
    if not count:
        return np.eye(size), 0.0
    root, inverse = roots(within)
    standard = np.einsum("tjk,tk->tj", root, shock) + np.einsum("tjk,tk->tj", inverse, pull)
    standard = np.where(known[:, None], standard - standard[known].mean(0), 0.0)
    values, vectors = np.linalg.eigh(standard.T @ standard / count)
    ratio = size / count
    inner = values + 1 - ratio
    spike = 0.5 * (inner + np.sqrt(np.maximum(inner**2 - 4 * values, 0)))
    excess = np.where(values > (1 + np.sqrt(ratio)) ** 2, spike - 1, 0.0)
    pairs, along = known[1:] & known[:-1], standard @ vectors
    again = (along[1:] * along[:-1])[pairs].sum(0) @ (excess > 0) / max(pairs.sum(), 1)
    back = roots(within[known].mean(0))[1] @ vectors
    lasting = float(np.clip(again / max(excess.sum(), TINY), 0, LONGEST_LASTING))
    return (back * np.maximum(excess, LEAST_SHOCK)) @ back.T + TINY * np.eye(size), lasting


def roots(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric square roots of [..., J, J], and their pseudo-inverses."""
    values, vectors = np.linalg.eigh(matrices)
    values = np.maximum(values, 0)
    kept = values > 1e-6 * values.max(-1, keepdims=True)
    roots = np.sqrt(values)
    inverse = np.where(kept, 1 / np.where(kept, roots, 1), 0.0)
    return tuple((vectors * each[..., None, :]) @ np.swapaxes(vectors, -1, -2) for each in (roots, inverse))


class Smoother(NamedTuple):
    """Shocks with a law, and what the sales say of them: the block-tridiagonal second derivatives within + K⁻¹, K their
    covariance over time.

    Attributes:
        precision: [J, J] of what is new in a period. lasting: ρ.
        pivots: [T, J, J] inverses of the blocks after elimination forwards in time.
    """

    precision: np.ndarray
    lasting: float
    pivots: np.ndarray

    def drawn_back(self, shocks: np.ndarray) -> np.ndarray:
        """K⁻¹ x of shocks x [T, J]."""
        found = shocks * _own(self.lasting, len(shocks))[:, None]
        found[1:] -= self.lasting * shocks[:-1]
        found[:-1] -= self.lasting * shocks[1:]
        return found @ self.precision

    def solve(self, right: np.ndarray) -> np.ndarray:
        """(within + K⁻¹)⁻¹ right, of [T, J, n]."""
        link, found = self.lasting * self.precision, np.array(right, np.float64)
        for period in range(1, len(found)):
            found[period] += link @ (self.pivots[period - 1] @ found[period - 1])
        found[-1] = self.pivots[-1] @ found[-1]
        for period in range(len(found) - 2, -1, -1):
            found[period] = self.pivots[period] @ (found[period] + link @ found[period + 1])
        return found


def _own(lasting: float, periods: int) -> np.ndarray:
    """[T] the diagonal of the precision of an autoregression of unit innovations that began long ago."""
    found = np.full(periods, 1 + lasting**2)
    found[0] -= lasting**2
    found[-1] -= lasting**2
    return found


def smoother(within: np.ndarray, covariance: np.ndarray, lasting: float) -> Smoother:
    """See Smoother; within [T, J, J], covariance [J, J]."""
    precision = np.linalg.inv(covariance) / (1 - lasting**2)
    blocks = within + _own(lasting, len(within))[:, None, None] * precision
    link, pivots = lasting * precision, np.empty_like(blocks)
    for period, block in enumerate(blocks):
        pivots[period] = np.linalg.inv(block - link @ pivots[period - 1] @ link if period else block)
    return Smoother(precision, lasting, pivots)
