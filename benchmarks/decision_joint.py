"""What a textbook would do jointly: log units on the log prices of all products of the store, then an ascent of profit.

One regression per product with store effects, no season, no promotions, no signs imposed: own elasticities and all
J² cross elasticities are free. Axes: M stores, T weeks, J products.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

LARGEST_CONDITION = 1e8  # of the moments that are inverted
FIRST_RIDGE = 1e-8  # of the mean variance, then ten times as much until the moments can be inverted


def elasticities(log_units: np.ndarray, log_price: np.ndarray, sold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[J, J] elasticities of row j's units by column k's price, and [M, J] levels; units = exp(level + e · log price).

    Args:
        log_units, log_price: [M, T, J]. sold: [M, T, J] bool, rows with units; others do not count.
    """
    products = log_price.shape[-1]
    slopes = np.zeros((products, products))
    levels = np.zeros((len(log_price), products))
    for product in range(products):
        rows = sold[..., product]
        count = np.maximum(rows.sum(1), 1)[:, None]
        mean_x = (log_price * rows[..., None]).sum(1) / count  # [M, J]
        mean_y = (log_units[..., product] * rows).sum(1) / count[:, 0]
        x = (log_price - mean_x[:, None])[rows]
        y = (log_units[..., product] - mean_y[:, None])[rows]
        slopes[product] = _least_squares(x, y)
        error = y - x @ slopes[product]
        smearing = np.log(np.exp(error).mean())  # Duan 1983: the mean of units, not of their log
        levels[:, product] = mean_y - mean_x @ slopes[product] + smearing
    return slopes, levels


def ascend(
    slopes: np.ndarray, levels: np.ndarray, cost: np.ndarray, hold: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, float]:
    """[M, J] prices within [low, high] of greatest profit from a start at hold, and the gain over hold in money.

    All of the store's prices move together (L-BFGS-B in log prices, with the exact gradient); stores do not compete.
    """
    best, gain = hold.copy(), 0.0
    for store in range(len(levels)):

        def loss(point: np.ndarray, store: int = store) -> tuple[float, np.ndarray]:
            price = np.exp(point)
            units = np.exp(levels[store] + slopes @ point)
            earned = (price - cost[store]) * units
            return -earned.sum(), -(price * units + slopes.T @ earned)

        start = np.log(np.clip(hold[store], low[store], high[store]))
        scale = abs(loss(start)[0]) or 1.0
        bounds = list(zip(np.log(low[store]), np.log(high[store]), strict=True))
        found = minimize(
            lambda point, loss=loss, scale=scale: tuple(part / scale for part in loss(point)),
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
        )
        best[store] = np.clip(np.exp(found.x), low[store], high[store])
        gain += loss(np.log(hold[store]))[0] - loss(found.x)[0]
    return best, float(gain)


def _least_squares(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slopes [J] of y [n] on x [n, J], with a ridge only where the moments cannot be inverted without."""
    moments = x.T @ x
    size = np.trace(moments) / len(moments) or 1.0
    ridge = 0.0
    while np.linalg.cond(moments + ridge * size * np.eye(len(moments))) > LARGEST_CONDITION:
        ridge = max(10 * ridge, FIRST_RIDGE)
    return np.linalg.solve(moments + ridge * size * np.eye(len(moments)), x.T @ y)
