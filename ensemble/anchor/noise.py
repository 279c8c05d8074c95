"""Estimates what the residuals are like: dispersion per product and correlation within a store and period.

Not for demand. NumPy; axes: M stores, T periods, J products, K patterns of missing products.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, xlogy

from ensemble.anchor.residual import CLIP, Noise
from ensemble.anchor.shocks import common_shocks

LEAST_DISPERSION, MOST_DISPERSION = 1e-3, 20.0
EMPIRICAL = 0.9  # of the correlation, the rest is the identity
HALVINGS = 24
SHOCK_ROUNDS = 3  # alternations of shocks in common with the dispersion
LENT_ROWS, USUAL_VARIANCE = 10.0, 1.0  # rows that a product borrows before its dispersion counts


class Patterns:
    """Which products are seen together: distinct rows of seen [M, T, J], filled up to a power of two by empty ones, so
    that few sizes are compiled."""

    def __init__(self, seen: np.ndarray):
        kept = np.asarray(seen) > 0
        masks, number = np.unique(kept.reshape(-1, kept.shape[-1]), axis=0, return_inverse=True)
        size = 1 << (len(masks) - 1).bit_length()
        self.masks = np.pad(masks, ((0, size - len(masks)), (0, 0)))
        self.number = number.reshape(kept.shape[:2]).astype(np.int32)

    def noise(
        self,
        dispersion: np.ndarray,
        correlation: np.ndarray,
        offset: np.ndarray | None = None,
        average: np.ndarray | None = None,
        shock: np.ndarray | None = None,
    ) -> Noise:
        """Noise with the correlation's inverse for every pattern; offset, average and shock None = 0."""
        offset, average = (np.zeros_like(dispersion) if each is None else each for each in (offset, average))
        shock = np.zeros((self.number.shape[1], len(dispersion))) if shock is None else shock
        both = self.masks[:, :, None] & self.masks[:, None, :]
        among = np.where(both, correlation, np.eye(len(correlation)))
        inverse = np.linalg.inv(among) * both
        log_det = np.linalg.slogdet(among)[1]
        arrays = (dispersion, offset, average, inverse, log_det)
        return Noise(*(values.astype(np.float32) for values in arrays), self.number, shock.astype(np.float32))


def first_noise(patterns: Patterns) -> Noise:
    """Before anything is known: φ = .1, no correlation."""
    products = patterns.masks.shape[1]
    return patterns.noise(np.full(products, 0.1), np.eye(products))


def estimate(
    patterns: Patterns,
    units: np.ndarray,
    log_mean: np.ndarray,
    rows: np.ndarray,
    weight: np.ndarray,
    spread: np.ndarray | float = 0.0,
    shocks: bool = False,
) -> Noise:
    """Noise from the fitted means, each product's scaled to its observed level.

    Args:
        units, log_mean: [M, T, J].
        rows: [M, T, J] 1 where seen.
        weight: [T].
        spread: [M, T, J] variance of units that are themselves expected.
        shocks: what all stores share of a period's residuals is no noise of theirs, see common_shocks.
    """
    units, rows = np.asarray(units, np.float64), np.asarray(rows) * weight[:, None]
    mean = np.exp(log_mean)
    total = (mean * rows).sum((0, 1))
    mean = mean * np.where(total > 0, (units * rows).sum((0, 1)) / np.maximum(total, 1e-9), 1)
    mean = np.maximum(mean, 1e-9)
    dispersion, shock = _dispersion((units - mean) ** 2 + spread, mean, rows), None
    if shocks:
        for _ in range(SHOCK_ROUNDS):
            shock, share = common_shocks(units, mean, rows, dispersion)
            shocked = mean * np.exp(shock)
            dispersion = _dispersion((units - shocked) ** 2 + spread, shocked, rows, share.sum(0))
        mean = shocked
    d = residuals(units, mean, dispersion)
    average = (d * rows).sum((0, 1)) / (rows.sum((0, 1)) + LENT_ROWS)
    pairs = _pairs(np.ones_like(d), np.ones_like(d), rows)
    moment = _pairs(d - average, d - average, rows) / np.maximum(pairs, 1)
    sd = np.sqrt(np.maximum(np.diag(moment), 0.05))
    trust = pairs / (pairs + LENT_ROWS)
    correlation = EMPIRICAL * trust * moment / np.outer(sd, sd)
    np.fill_diagonal(correlation, EMPIRICAL)
    values, vectors = np.linalg.eigh(correlation)
    correlation = (vectors * np.maximum(values, 0)) @ vectors.T
    np.fill_diagonal(correlation, EMPIRICAL)
    correlation = correlation + (1 - EMPIRICAL) * np.eye(len(correlation))
    offset = offsets(d, _slopes(d, units, mean, dispersion), rows, correlation)
    return patterns.noise(dispersion, correlation, offset, average, shock)


def offsets(d: np.ndarray, slope: np.ndarray, rows: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """[J] o at which the equations of every product's level, Σ slope (R⁻¹ (d − o)) = 0, hold for the residuals d of the
    right level. 0 were products not correlated, for then d is the negative binomial's own and its level a mean; the
    mean of d, which leaves Σ d = o, leaves levels too high, for slopes are steeper where d is larger.

    Args: d, slope = −∂d / ∂ log mean, rows (weights) [M, T, J]; correlation R [J, J].
    """
    usual = (slope * rows).sum((0, 1)) / np.maximum(rows.sum((0, 1)), 1e-9)
    told = usual > 0
    both = _pairs(slope, d, rows) / (_pairs(np.ones_like(d), np.ones_like(d), rows) + LENT_ROWS)
    wanted = (np.linalg.inv(correlation) * both).sum(1) / np.where(told, usual, 1.0)
    return correlation @ np.where(told, wanted, 0.0) * told


def _pairs(left: np.ndarray, right: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[J, J] sums of products over stores and periods, weighed by the roots of both products' rows."""
    root = np.sqrt(rows)
    return np.einsum("mtj,mtk->jk", left * root, right * root, optimize=True)


def _slopes(d: np.ndarray, units: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """−∂d / ∂ log mean, as residual.told: 0 where d is clipped."""
    wide = 1 + dispersion * mean
    near = np.abs(d) < 1e-2
    return np.where(near, np.sqrt(mean / wide), (units - mean) / (wide * np.where(near, 1, d))) * (np.abs(d) < CLIP)


def residuals(units: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Clipped signed deviance residuals, as deviance.deviance_residual."""
    spread = 1 / dispersion
    deviance = 2 * (xlogy(units, units / mean) - (units + spread) * np.log((units + spread) / (mean + spread)))
    return np.clip(np.sign(units - mean) * np.sqrt(np.maximum(deviance, 0)), -CLIP, CLIP)


def period_scores(units: np.ndarray, log_mean: np.ndarray, rows: np.ndarray, noise: Noise) -> np.ndarray:
    """[T] log density of the sales: negative binomial, joined by a normal copula of deviance residuals."""
    units, rows = np.asarray(units, np.float64), np.asarray(rows)
    mean, size = np.exp(log_mean), 1 / np.maximum(noise.dispersion.astype(np.float64), LEAST_DISPERSION)
    single = (
        gammaln(units + size)
        - gammaln(size)
        - gammaln(units + 1)
        + xlogy(units, mean / (size + mean))
        - size * np.log1p(mean / size)
    )
    d = (residuals(units, mean, noise.dispersion) - noise.average) * rows
    quadratic = np.einsum("mtj,mtjk,mtk->mt", d, noise.inverse[noise.pattern], d) - (d * d).sum(-1)
    return (single * rows).sum((0, 2)) - 0.5 * (quadratic + noise.log_det[noise.pattern]).sum(0)


def _dispersion(left: np.ndarray, mean: np.ndarray, rows: np.ndarray, spent: np.ndarray | float = 0.0) -> np.ndarray:
    """[J] φ at which the squared clipped Pearson residuals sum to the degrees of freedom, those of shocks `spent` [J],
    by bisection in log φ."""
    count = rows.sum((0, 1))
    fitted = 0.8 * (rows.sum(1) > 0).sum(0) + 8.0 + spent
    freedom = np.maximum(count - fitted, 0.5 * count) + LENT_ROWS
    low, high = (np.full(len(count), np.log(value)) for value in (LEAST_DISPERSION, MOST_DISPERSION))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        squares = np.minimum(left / (mean + np.exp(middle) * mean**2), CLIP**2)
        wide = (squares * rows).sum((0, 1)) + LENT_ROWS * USUAL_VARIANCE > freedom
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return np.exp(0.5 * (low + high))
