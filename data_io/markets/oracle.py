"""The best that could be earned: expected profit maximised under the truth and the offers' bounds.

Not for business rules: the application finds the oracle under rules by searching the true demand.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from data_io.markets.types import Market


def oracle_prices(market: Market, *, scope: str = "store_product", starts: int = 3, seed: int = 0) -> np.ndarray:
    """[S] prices of greatest expected profit within min_price and max_price.

    Args:
        scope: ``store_product`` (a price per offer) or ``product`` (one price in all stores).
        starts: the holding prices and `starts - 1` random points.
    """
    offers = market.offers
    keys = offers["product"] if scope == "product" else offers["product"] + "\0" + offers["store"]
    decision = keys.astype("category").cat.codes.to_numpy()
    low, high = (
        np.log(offers[column].groupby(decision).agg(how).to_numpy())
        for column, how in (("min_price", "max"), ("max_price", "min"))
    )
    hold = np.log(offers["current_price"]).groupby(decision).mean().to_numpy().clip(low, high)
    scale = abs(market.profit(market.hold))
    blocks = _independent_blocks(offers["store"].to_numpy(), decision, scope)
    rng = np.random.default_rng(seed)
    points = [hold, *(rng.uniform(low, high) for _ in range(starts - 1))]

    best = np.array(hold)
    for block in blocks:
        found = [_ascend(market, decision, best, block, low, high, point[block], scale) for point in points]
        best[block] = min(found, key=lambda result: result.fun).x
    return np.exp(best)[decision]


def _independent_blocks(stores: np.ndarray, decision: np.ndarray, scope: str) -> list[np.ndarray]:
    """Stores do not compete, so prices per store are solved store by store."""
    if scope == "product":
        return [np.unique(decision)]
    return [np.unique(decision[stores == store]) for store in np.unique(stores)]


def _ascend(market, decision, base, block, low, high, start, scale):
    def loss(point):
        """One call for the value and all forward differences."""
        candidates = np.tile(base, (len(block) + 1, 1))
        candidates[:, block] = point
        candidates[np.arange(1, len(block) + 1), block] += 1e-6
        values = -market.profit(np.exp(candidates)[:, decision]) / scale
        return values[0], (values[1:] - values[0]) / 1e-6

    bounds = list(zip(low[block], high[block], strict=True))
    return minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12, "gtol": 1e-7})
