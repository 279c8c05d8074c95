"""Demand of rows that sold out: what is expected of it, given that it was at least the sales.

Fits are to this expectation, renewed with the noise (expectation-maximisation, Dempster, Laird & Rubin 1977): at a
known dispersion the negative-binomial score is linear in the units, so it is the likelihood's own score. What the sales
leave open of the demand counts in the dispersion. Not for fitting. NumPy, any shape [...].
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc

LEAST_CHANCE = 1e-12  # of so much demand, below which the tail is taken as geometric


def demand_at_least(least: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E[Y | Y >= least] and Var[Y | Y >= least] of negative-binomial demand, Var Y = μ + φ μ²; float64.

    E[Y; Y >= k] = μ P(Y' >= k − 1) and E[Y (Y − 1); Y >= k] = μ² (1 + φ) P(Y" >= k − 2) with Y', Y" of the same odds
    and 1 and 2 more failures.
    """
    least, mean, dispersion = (np.asarray(each, np.float64) for each in (least, mean, dispersion))
    size, chance = 1 / dispersion, mean / (mean + 1 / dispersion)
    all_of_it = _tail(least, size, chance)
    safe = np.maximum(all_of_it, LEAST_CHANCE)
    first = mean * _tail(least - 1, size + 1, chance) / safe
    pairs = mean**2 * (1 + dispersion) * _tail(least - 2, size + 2, chance) / safe
    ratio = np.minimum(chance * (size + least) / (least + 1), 0.999)  # of neighbouring chances far out
    rare = all_of_it < LEAST_CHANCE
    expected = np.where(rare, least + ratio / (1 - ratio), np.maximum(first, least))
    variance = np.where(rare, ratio / (1 - ratio) ** 2, np.maximum(pairs + first - first**2, 0))
    return expected, variance


def _tail(units: np.ndarray, size: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """P(Y >= units), between whole numbers interpolated by the incomplete beta function."""
    return np.where(units > 0, betainc(np.maximum(units, 1e-9), size, chance), 1.0)
