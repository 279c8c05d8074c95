"""Market B: shoppers of three segments choose one product or none (mixed logit).

Utility of a shopper of segment s: V_s = level + store + season + promo · lift + ξ − α_s p + taste_s(group); leaving is
worth 0. Each store has SHOPPERS a week, so units are multinomial. A variant is a spread of the price weights α.
"""

from __future__ import annotations

import numpy as np

from data_io.markets.common import PRODUCTS, STORES, WEEKS, PriceLaw, draw_log_cost, draw_prices, tables, two_groups
from data_io.markets.types import Market

VARIANTS = {"mild": 0.4, "strong": 1.0}

SHOPPERS = 800
WEIGHTS = np.array([0.45, 0.35, 0.20])
TASTES = np.array([[1.2, -0.6], [-0.6, 1.2], [0.4, 0.4]])  # segment × group
LIFT = 0.3
SHOCK_SD = 0.25
SHOCK_DRAWS = 32  # that expected demand averages over


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price."""
    law = PriceLaw()
    rng = np.random.default_rng(seed)
    group = two_groups(products)

    price_weight = (1.4 + VARIANTS[variant] * np.array([1.2, 0.0, -0.8])) * rng.uniform(0.85, 1.15, len(WEIGHTS))
    base_cost = rng.uniform(1, 3, products)
    mean_price = base_cost * np.exp(rng.uniform(0.25, 0.75, products))
    level = (WEIGHTS @ price_weight) * mean_price + rng.normal(-1.2, 0.5, products)
    store_effect = rng.normal(0, 0.3, stores)
    phase = rng.uniform(0, 2 * np.pi, 2)
    taste = TASTES[:, group]

    log_cost = draw_log_cost(rng, base_cost, stores, weeks, law)
    path = draw_prices(rng, np.log(mean_price), base_cost, log_cost, law)
    week = np.arange(weeks + 1)
    season = 0.3 * np.sin(2 * np.pi * week[:, None] / 52 + phase[group])
    value = level + store_effect[:, None, None] + season

    def shares(price, worth, xp=np):
        """[..., J] share of the shoppers who buy each product, at prices and worths [..., J]."""
        odds = xp.exp(worth[..., None, :] + taste - price_weight[:, None] * price[..., None, :])
        return xp.sum(WEIGHTS[:, None] * odds / (1 + xp.sum(odds, -1, keepdims=True)), -2)

    shock = SHOCK_SD * rng.normal(size=path.promo.shape)
    bought = shares(np.exp(path.log_price), value[:, :weeks] + LIFT * path.promo + shock)
    leave = 1 - bought.sum(-1, keepdims=True)
    units = rng.multinomial(SHOPPERS, np.concatenate([bought, leave], -1))[..., :-1]

    worths = value[:, weeks] + SHOCK_SD * rng.normal(size=(SHOCK_DRAWS, stores, products))

    def expected_units(prices, xp=np):
        price = xp.reshape(prices, (*prices.shape[:-1], 1, stores, products))
        return xp.reshape(SHOPPERS * xp.mean(shares(price, worths, xp), -3), prices.shape)

    return Market(name="logit", variant=variant, seed=seed, expected_units=expected_units, **tables(path, units, group))
