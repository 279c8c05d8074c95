"""The chance that a stock lasts, and the sales at which it is just a given one. Not for what a stock lets through."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from search.newsvendor import not_running_out
from search.stock import LEAST_DISPERSION, expected_sales

HALVINGS = 60


def lasting_demand(chance: float, stock: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[S] expected demand at which negative binomial counts, Var = μ + φ μ², stay within the stock [S] with just this
    chance; φ [S]. The distribution function at s is the incomplete beta function I_p(1 / φ, s + 1) (Johnson, Kemp &
    Kotz 2005, 5.6), which is solved for p = 1 / (1 + φ μ)."""
    shape = 1 / np.maximum(dispersion, LEAST_DISPERSION)
    success = betaincinv(shape, np.floor(stock) + 1, chance)
    return shape * (1 - success) / success


def most_sales(chance: float, stock: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[S] expected sales from the stock at lasting_demand; the stock where φ is NaN, for demand is certain there."""
    known, limited = ~np.isnan(dispersion), np.isfinite(stock)
    phi, whole = np.where(known, dispersion, 1.0), np.where(limited, stock, 0.0)
    sales = expected_sales(lasting_demand(chance, whole, phi), whole, phi)
    return np.where(known & limited, sales, stock)


def chance_of_lasting(units: np.ndarray, stock: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[S] the chance that a stock [S] lasts of which `units` [S] are expected to be sold; NaN without stock or φ."""
    known = np.isfinite(stock) & ~np.isnan(dispersion) & ~np.isnan(units)
    whole, phi, sold = (np.where(known, values, 1.0) for values in (stock, dispersion, units))
    low, high = np.full(len(sold), -20.0), np.full(len(sold), 40.0)  # logs of demand
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        less = expected_sales(np.exp(middle), whole, phi) < sold
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.where(known, not_running_out(whole, np.exp(low)[None], phi), np.nan)
