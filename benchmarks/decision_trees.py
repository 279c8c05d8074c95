"""What a good analyst does without a structure: LightGBM for log units, then a grid search of prices.

Features: own and all other prices of the store, promotions, store, product, calendar, and lags of units and price.
Not tuned per market. Needs the extra `bench`.
"""

from __future__ import annotations

import numpy as np

from data_io.markets.types import Market

GRID, SWEEPS = 25, 3
LAGS = 4  # weeks that lagged features look back
ROUNDS = 400
PARAMETERS = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.8,
    "seed": 0,
    "deterministic": True,
    "num_threads": 1,  # on some thousand rows more threads only wait for each other
    "verbosity": -1,
}
STORE, PRODUCT = 0, 1  # places of the categorical features
ARC = 0.1  # of price, to either side, that elasticities are measured over


def decide(market: Market) -> tuple[np.ndarray, float, np.ndarray]:
    """Prices [S], the gain that the trees expect of them, and arc elasticities [S] at the holding prices.

    Raises:
        ImportError: LightGBM is not installed.
    """
    try:
        import lightgbm
    except ImportError:
        raise ImportError("lightgbm_grid needs LightGBM: pip install 'jointprice[bench]'") from None

    ordered = market.sales.sort_values(["store", "date", "product"])
    shape = stores, products = market.offers["store"].nunique(), market.offers["product"].nunique()

    def cube(column: str) -> np.ndarray:
        return ordered[column].to_numpy(np.float64).reshape(stores, -1, products)

    log_price, log_units = np.log(cube("price")), np.log1p(cube("units"))
    promotions = np.stack([cube(name) for name in market.promotions], -1)
    weeks = log_price.shape[1]
    cost, hold, low, high = (
        market.offers[name].to_numpy().reshape(shape) for name in ("cost", "current_price", "min_price", "max_price")
    )

    def at(week: int, prices: np.ndarray, promoted: np.ndarray) -> np.ndarray:
        """[M, J, F] features of a week at log prices [M, J]."""
        angle = 2 * np.pi * week / 52
        past = slice(week - LAGS, week)
        parts = [
            np.arange(stores)[:, None],
            np.arange(products),
            prices,
            np.sin(angle),
            np.cos(angle),
            week,
            log_units[:, week - 1],
            log_units[:, past].mean(1),
            log_price[:, week - 1],
            log_price[:, past].mean(1),
        ]
        own = np.stack([np.broadcast_to(part, shape) for part in parts], -1)
        every = np.broadcast_to(prices[:, None, :], (stores, products, products))
        return np.concatenate([own, promoted, every], -1)

    rows = np.stack([at(week, log_price[:, week], promotions[:, week]) for week in range(LAGS, weeks)], 1)
    target = log_units[:, LAGS:].reshape(-1)
    rows = rows.reshape(len(target), -1)
    data = lightgbm.Dataset(rows, target, categorical_feature=[STORE, PRODUCT])
    model = lightgbm.train(PARAMETERS, data, ROUNDS)
    smearing = np.exp(target - model.predict(rows)).mean()
    offered = market.offers[list(market.promotions)].to_numpy(np.float64).reshape(*shape, -1)

    def units(prices: np.ndarray) -> np.ndarray:
        """[N, M, J] units in the week to price at prices [N, M, J]."""
        asked = np.stack([at(weeks, np.log(price), offered) for price in prices])
        found = smearing * np.exp(model.predict(asked.reshape(-1, asked.shape[-1]))) - 1
        return np.maximum(found, 0).reshape(prices.shape)

    def profit(prices: np.ndarray) -> np.ndarray:
        """[N, M]."""
        return ((prices - cost) * units(prices)).sum(-1)

    best = np.clip(hold, low, high)
    grid = np.exp(np.linspace(np.log(low), np.log(high), GRID))
    for product in [*range(products)] * SWEEPS:
        tried = np.concatenate([best[None], np.repeat(best[None], GRID, 0)])
        tried[1:, :, product] = grid[:, :, product]
        best = tried[profit(tried).argmax(0), np.arange(stores)]

    steps = np.ones((products, 1, products)) + ARC * np.eye(products)[:, None]
    up, down = units(hold * steps), units(hold * (2 - steps))
    each = np.arange(products)
    rise = np.log((up[each, :, each] + 1e-9) / (down[each, :, each] + 1e-9)) / np.log((1 + ARC) / (1 - ARC))
    gain = profit(np.stack([best, hold])).sum(1)
    return best.reshape(-1), float(gain[0] - gain[1]), rise.T.reshape(-1)
