"""Demand noise around the expected units: negative binomial, Var = μ + φ μ², members' spread added.

Not for the networks: φ is estimated from residuals of periods that did not train them.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc
from scipy.stats import nbinom

LEAST, MOST = 1e-3, 4.0  # bounds of φ
LEAST_RATIO_ROWS = 200  # from which a product has a ratio of its own
FACTORS, HALVINGS = (0.02, 20.0), 12  # of φ that make intervals cover
PRIOR_ROWS = 20.0  # weight of the pooled estimate against a product's own rows


def dispersion(units: np.ndarray, mean: np.ndarray, mask: np.ndarray, product: np.ndarray) -> np.ndarray:
    """[S] φ per product by moments, Σ((y - μ)² - μ) / Σ μ², shrunk to the pooled one.

    Args: units, mean, mask [T, S]; product [S] codes. The sums are of relative residuals, so that large series do
    not speak for small ones.
    """
    mean = np.maximum(mean, 1e-3)
    size = 1 + mean
    excess = mask * ((units - mean) ** 2 - mean) / size**2
    scale = mask * mean**2 / size**2
    pooled = excess.sum() / max(scale.sum(), 1e-9)
    count = int(product.max(initial=0)) + 1
    above, below = (np.bincount(product, values.sum(0), count) for values in (excess, scale))
    own = (above + PRIOR_ROWS * 0.5 * pooled) / (below + PRIOR_ROWS * 0.5)
    return own[product].clip(LEAST, MOST)


def demand_noise(
    units: np.ndarray, mean: np.ndarray, mask: np.ndarray, product: np.ndarray
) -> tuple[np.ndarray, float]:
    """φ [S] with which intervals cover, and the share of it that the series of a period have in common, from rows that
    trained nobody. Args as dispersion's."""
    phi = conformal(units, mean, mask, dispersion(units, mean, mask, product))
    return phi, common_share(units, mean, mask)


def common_share(units: np.ndarray, mean: np.ndarray, mask: np.ndarray) -> float:
    """The share, 0 to 1, of the counts' extra variance that the series of one period have in common.

    Of relative residuals r = (y - μ) / μ weighted by w = μ / (1 + μ), a period's (Σ w r)² - Σ w² r² over (Σ w)² - Σ w²
    is their covariance; over the pooled φ (see dispersion) it is the share. A week in which all sell more than forecast
    is no accident that a shared stock averages out. Args: units, mean, mask [T, S].
    """
    mean = np.maximum(mean, 1e-3)
    weight = mask * mean / (1 + mean)
    rest = weight * (units - mean) / mean
    together = (rest.sum(1) ** 2 - (rest**2).sum(1)).sum()
    pairs = (weight.sum(1) ** 2 - (weight**2).sum(1)).sum()
    excess = (mask * ((units - mean) ** 2 - mean) / (1 + mean) ** 2).sum() / max((weight**2).sum(), 1e-9)
    return float(np.clip(together / max(pairs, 1e-9) / excess, 0.0, 1.0)) if excess > 0 else 0.0


def conformal(
    units: np.ndarray, mean: np.ndarray, mask: np.ndarray, phi: np.ndarray, coverage: float = 0.8
) -> np.ndarray:
    """φ [S] times the one factor at which intervals of this coverage hold that share of the rows (split conformal:
    the rows trained nobody). Moments alone are led by the few largest sales. Args as dispersion's; phi [S]."""
    rows = mask > 0
    if not rows.any():
        return phi
    sold, expected, own = units[rows], np.maximum(mean[rows], 1e-6), np.broadcast_to(phi, units.shape)[rows]
    low, high = np.log(FACTORS)
    for _ in range(HALVINGS):
        factor = 0.5 * (low + high)
        wide = covered(sold, expected, own * np.exp(factor), coverage).mean() > coverage
        low, high = (low, factor) if wide else (factor, high)
    return (phi * np.exp(0.5 * (low + high))).clip(LEAST, MOST)


def percentage_ratio(units: np.ndarray, mean: np.ndarray, mask: np.ndarray, product: np.ndarray) -> np.ndarray:
    """[S] what a forecast of the mean is multiplied by for the least absolute percentage error, per product.

    Σ |r μ - y| / y is least at the median of y / μ weighted by μ / y, so it needs no law of the noise. Products with
    fewer than LEAST_RATIO_ROWS rows take the pooled one. Args: units, mean, mask [T, S]; product [S] codes.
    """
    rows = (mask > 0) & (units > 0) & (mean > 0)
    if not rows.any():
        return np.ones(len(product))
    ratio, code = units[rows] / mean[rows], np.broadcast_to(product, rows.shape)[rows]
    found = np.full(int(product.max(initial=0)) + 1, _weighted_median(ratio))
    for one in np.flatnonzero(np.bincount(code) >= LEAST_RATIO_ROWS):
        found[one] = _weighted_median(ratio[code == one])
    return found[product]


def _weighted_median(ratio: np.ndarray) -> float:
    """Median of ratios [N] with weights 1 / ratio."""
    order = np.sort(ratio)
    weight = np.cumsum(1 / order)
    return float(order[np.searchsorted(weight, 0.5 * weight[-1])])


def interval(members: np.ndarray, phi: np.ndarray, coverage: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper quantile [..., S] of units from members' means [K, ..., S] and φ [S]: one negative binomial
    whose variance is that of the mixture."""
    mean = np.maximum(members.mean(0), 1e-6)
    return _negative_binomial(mean, phi + members.var(0) / mean**2, coverage)


def covered(units: np.ndarray, mean: np.ndarray, phi: np.ndarray, coverage: float) -> np.ndarray:
    """[N] bool, whether units lie in _negative_binomial's interval, without its slow quantiles."""
    shape = 1 / np.maximum(phi, LEAST)
    tail = (1 - coverage) / 2
    chance, below = shape / (shape + mean), np.ceil(units) - 1
    at_most, less = (betainc(shape, np.maximum(count + 1, 1), chance) for count in (np.floor(units), below))
    return (at_most >= tail) & (np.where(below < 0, 0.0, less) < 1 - tail)


def _negative_binomial(mean: np.ndarray, phi: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
    shape = 1 / np.maximum(phi, LEAST)
    tail = (1 - coverage) / 2
    return tuple(nbinom.ppf(probability, shape, shape / (shape + mean)) for probability in (tail, 1 - tail))
