"""The best that could be earned: expected profit maximised under the truth and the offers' bounds.

Not for business rules: the application finds the oracle under rules by searching the true demand.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from data_io.markets.types import Market

STEP = 1e-6  # of log price, for forward differences


def oracle_prices(market: Market, *, scope: str = "store_product", starts: int = 6, seed: int = 0) -> np.ndarray:
    """[S] prices of greatest expected profit within min_price and max_price.

    Stores do not compete, so with a price per store they are climbed side by side and each keeps its best start.

    Args:
        scope: ``store_product`` (a price per offer) or ``product`` (one price in all stores).
        starts: the holding prices, the lowest, the highest, and random ones.
    """
    offers = market.offers
    shape = offers["store"].nunique(), offers["product"].nunique()
    low, high, hold = (
        np.log(offers[column].to_numpy()).reshape(shape) for column in ("min_price", "max_price", "current_price")
    )
    if scope == "product":
        low, high, hold = low.max(0, keepdims=True), high.min(0, keepdims=True), hold.mean(0, keepdims=True)
    scale = abs(market.profit(market.hold))

    def gains(points):
        """Log prices [P, R, J] of R separate problems (stores, or all stores at once) -> profits [P, R]."""
        prices = np.exp(np.broadcast_to(points, (len(points), *shape))).reshape(len(points), -1)
        return market.offer_profit(prices).reshape(*points.shape[:2], -1).sum(-1) / scale

    rng = np.random.default_rng(seed)
    random = [rng.uniform(low, high) for _ in range(starts - 3)]
    found = np.stack([_climb(gains, low, high, start) for start in [hold.clip(low, high), low, high, *random][:starts]])
    best = np.take_along_axis(found, gains(found).argmax(0)[None, :, None], 0)[0]
    return np.exp(np.broadcast_to(best, shape)).reshape(-1)


def _climb(gains, low: np.ndarray, high: np.ndarray, start: np.ndarray) -> np.ndarray:
    """[R, J] a local maximum of all R problems from `start`, within the bounds."""
    steps = STEP * np.eye(low.shape[1])[:, None, :]

    def loss(flat):
        """The value and its gradient from J + 1 candidates: product j moves in all problems at once."""
        point = flat.reshape(low.shape)
        values = gains(np.concatenate([point[None], point + steps]))
        return -values[0].sum(), -((values[1:] - values[0]) / STEP).T.reshape(-1)

    bounds = list(zip(low.reshape(-1), high.reshape(-1), strict=True))
    options = {"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500, "maxfun": 1000}
    found = minimize(loss, start.reshape(-1), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return found.x.reshape(low.shape)
