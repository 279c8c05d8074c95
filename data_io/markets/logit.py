"""Market B: shoppers of three segments choose one product or none (mixed logit).

Utility of a shopper of segment s: V_s = level + store + season + promo · lift + ξ − α_s p + taste_s(group); leaving is
worth 0. Each store has SHOPPERS a week, so units are multinomial. A variant is a spread of the price weights α.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from data_io.markets.common import (
    PRODUCTS,
    STORES,
    WEEKS,
    PriceLaw,
    draw_goods,
    draw_log_cost,
    draw_prices,
    follow,
    tables,
    two_groups,
)
from data_io.markets.switches import WORDS, Switches, facts, read_variant, streams
from data_io.markets.types import Market

VARIANTS = {"mild": 0.4, "strong": 1.0}

SHOPPERS = 800
WEIGHTS = np.array([0.45, 0.35, 0.20])
TASTES = np.array([[1.2, -0.6], [-0.6, 1.2], [0.4, 0.4]])  # segment × group
LIFT = 0.3
SHOCK_SD = 0.25
SHOCK_DRAWS = 32  # that expected demand averages over

# How first choices become units: (switches, generator, first choices [M, T, J], odds [M, T, segment, J] of the same
# weeks) -> units, and the stock that limited them or None.
Sell = Callable[[Switches, np.random.Generator, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray | None]]


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price. Raises ConfigError for a variant that is not known."""

    def sell(switches, rng, first, odds):
        return switches.observe(rng, first)

    return draw("logit", variant, seed, sell, WORDS, products, stores, weeks)


def draw_price_weights(rng: np.random.Generator, spread: float) -> np.ndarray:
    """[segment] utility per unit of money, around 1.4 on average."""
    return (1.4 + spread * np.array([1.2, 0.0, -0.8])) * rng.uniform(0.85, 1.15, len(WEIGHTS))


def draw(
    name: str, variant: str, seed: int, sell: Sell, words: Iterable[str], products: int, stores: int, weeks: int
) -> Market:
    """A market of these shoppers, who buy what `sell` lets them; `words` are the switches it knows."""
    base, switches = read_variant(name, variant, VARIANTS, words)
    law = switches.law(PriceLaw())
    rng, extra = streams(seed)
    group = two_groups(products)

    price_weight = draw_price_weights(rng, VARIANTS[base])
    base_cost, mean_price, _, value = draw_goods(rng, WEIGHTS @ price_weight, group, stores, weeks + 1)
    taste = TASTES[:, group]

    costs = draw_log_cost(rng, base_cost, stores, weeks, law)
    path = draw_prices(rng, np.log(mean_price), base_cost, costs, law)

    def odds_at(price, worth, xp=np):
        """[..., segment, J] odds of each product against leaving, at prices and worths [..., J]."""
        return xp.exp(worth[..., None, :] + taste - price_weight[:, None] * price[..., None, :])

    shock = switches.shared(extra, SHOCK_SD * rng.normal(size=path.promo.shape), SHOCK_SD)
    path = follow(path, shock, law)
    odds = odds_at(np.exp(path.log_price), value[:, :weeks] + LIFT * path.promo + shock)
    bought = shares(odds)
    leave = 1 - bought.sum(-1, keepdims=True)
    shoppers = switches.shoppers(extra, SHOPPERS, bought.shape[:-1])
    first = rng.multinomial(shoppers, np.concatenate([bought, leave], -1))[..., :-1]
    units, stock = sell(switches, extra, first, odds)

    worths = value[:, weeks] + SHOCK_SD * rng.normal(size=(SHOCK_DRAWS, stores, products))

    def expected_units(prices, xp=np):
        price = xp.reshape(prices, (*prices.shape[:-1], 1, stores, products))
        return xp.reshape(SHOPPERS * xp.mean(shares(odds_at(price, worths, xp), xp), -3), prices.shape)

    return Market(
        name=name,
        variant=variant,
        seed=seed,
        expected_units=expected_units,
        facts=facts(path, law, switches, units, stock),
        **tables(path, units, group, stock),
    )


def shares(odds, xp=np):
    """[..., J] share of all shoppers who buy each product, from odds [..., segment, J]."""
    return xp.sum(WEIGHTS[:, None] * odds / (1 + xp.sum(odds, -1, keepdims=True)), -2)
