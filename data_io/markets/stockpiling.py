"""Stockpiling with reference prices: what a deal sells is partly borrowed from the weeks after it.

Utility of a product to a shopper of a store and week, leaving being worth 0 (multinomial logit):
V = level + store + season + promo · lift + ξ − α p + γ min(0, r − p) + ½ γ max(0, r − p) − δ h(group).
The reference price follows r ← .7 r + .3 p. h is the households' stock of the product's group, in units per shopper:
what is bought fills it, a third is consumed each week, h ← ⅔ (h + bought), so that a deal is felt for two to four
weeks, by its rivals in the group too. On a deal a buyer takes a second unit with probability EXTRA.

The equations leave sizes open: c₀, p̄, level, store, season, lift and ξ are those of market B, with one segment; γ, δ
and EXTRA are set here so that the first week answers a price about 1.4 times as much as what lasts.

The truth to price for is the lasting one: weekly units when the same regular prices stand until r = p and h settles, in
the season and at the costs of the week to price. Axes: K draws of ξ, M stores, T weeks, J products, G = 2 groups.
"""

from __future__ import annotations

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
from data_io.markets.switches import facts, read_variant, streams
from data_io.markets.types import Market

VARIANTS = ("standard",)

SHOPPERS = 800
PRICE_WEIGHT = 1.4
REFERENCE_WEIGHT = 0.5  # γ, of α
REFERENCE_MEMORY = 0.7
STOCK_WEIGHT = 1.2  # δ
KEPT = 2 / 3  # of the stock, from week to week
EXTRA = 0.5
LIFT = 0.3
SHOCK_SD = 0.25
SHOCK_DRAWS = 32  # that expected demand averages over
ROUNDS, DAMPING = 24, 0.6  # of the recursion to the stationary stock


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price. Raises ConfigError for a variant that is not known."""
    _, switches = read_variant("stockpiling", variant, VARIANTS)
    law = switches.law(PriceLaw())
    rng, extra = streams(seed)
    group = two_groups(products)

    price_weight = PRICE_WEIGHT * rng.uniform(0.85, 1.15)
    base_cost, mean_price, _, value = draw_goods(rng, price_weight, group, stores, weeks + 1)

    costs = draw_log_cost(rng, base_cost, stores, weeks, law)
    path = draw_prices(rng, np.log(mean_price), base_cost, costs, law)
    shock = switches.shared(extra, SHOCK_SD * rng.normal(size=path.promo.shape), SHOCK_SD)
    path = follow(path, shock, law)

    worths = value[:, weeks] + SHOCK_SD * rng.normal(size=(SHOCK_DRAWS, stores, products))
    demand = simulate(
        rng,
        value[:, :weeks] + LIFT * path.promo + shock,
        np.exp(path.log_price),
        EXTRA * path.promo,
        price_weight,
        group,
        switches.shoppers(extra, SHOPPERS, (stores, weeks)),
    )[0]
    units, shelf = switches.observe(extra, demand)

    def expected_units(prices, xp=np):
        price = xp.reshape(prices, (*prices.shape[:-1], stores, products))
        return xp.reshape(SHOPPERS * lasting_shares(price, worths, price_weight, group, xp), prices.shape)

    return Market(
        name="stockpiling",
        variant=variant,
        seed=seed,
        expected_units=expected_units,
        facts=facts(path, law, switches, units, shelf),
        **tables(path, units, group, shelf),
    )


def simulate(rng, worth, price, second, price_weight: float, group: np.ndarray, shoppers=SHOPPERS):
    """[M, T, J] units, week after week, from the state in which the first week's prices and worths had always stood;
    and the reference prices [M, J] and stocks [M, G] that they leave.

    Args:
        worth: [M, T, J] utility without prices and stock.
        price: [M, T, J]; second: [M, T, J] probability that a buyer takes two.
        shoppers: in each week, a number or [M, T].
    """
    shoppers = np.broadcast_to(shoppers, price.shape[:2])
    reference, members = price[:, 0], members_of(group)
    stock = settled_stock(np.exp(worth[:, 0] - price_weight * reference)[None], group)
    demand = np.zeros(price.shape, np.int64)
    for week in range(price.shape[1]):
        odds = np.exp(worth[:, week] - price_weight * felt_price(price[:, week], reference))
        bought = shares(odds, stock, group)
        leave = 1 - bought.sum(-1, keepdims=True)
        buyers = rng.multinomial(shoppers[:, week], np.concatenate([bought, leave], -1))[..., :-1]
        demand[:, week] = buyers + rng.binomial(buyers, second[:, week])
        stock = KEPT * (stock + demand[:, week] @ members / SHOPPERS)
        reference = remembered(reference, price[:, week])
    return demand, reference, stock


def felt_price(price, reference, xp=np):
    """[..., J] prices as shoppers feel them who remember `reference`."""
    gap = reference - price
    return price - REFERENCE_WEIGHT * (xp.minimum(0, gap) + 0.5 * xp.maximum(0, gap))


def remembered(reference, price):
    """The reference prices after a week at these prices."""
    return REFERENCE_MEMORY * reference + (1 - REFERENCE_MEMORY) * price


def lasting_shares(price, worths, price_weight: float, group: np.ndarray, xp=np):
    """[..., M, J] share of the shoppers who buy each product a week once prices [..., M, J] have stood for long.

    The reference is then the price; the stock is at its fixed point. Mean over the draws of worths [K, M, J].
    """
    odds = xp.exp(worths - price_weight * price[..., None, :, :])
    stock = settled_stock(odds, group, xp)
    return xp.mean(shares(odds, stock[..., None, :, :], group, xp), -3)


def settled_stock(odds, group: np.ndarray, xp=np):
    """[..., M, G] stock at which what is bought replaces what is consumed: h = ⅔ (h + bought(h)).

    ROUNDS damped steps, the same number whatever the prices, so that jax can trace and differentiate it.

    Args:
        odds: [..., K, M, J] against leaving, at no stock; what is bought is the mean over K.
    """
    odds = odds @ members_of(group)
    stock = xp.zeros_like(odds[..., 0, :, :])
    for _ in range(ROUNDS):
        now = odds * xp.exp(-STOCK_WEIGHT * stock[..., None, :, :])
        bought = xp.mean(now / (1 + xp.sum(now, -1, keepdims=True)), -3)
        stock = stock + DAMPING * (KEPT / (1 - KEPT) * bought - stock)
    return stock


def shares(odds, stock, group: np.ndarray, xp=np):
    """[..., J] share of the shoppers who buy each product, from odds [..., J] at no stock and stock [..., G]."""
    felt = odds * xp.exp(-STOCK_WEIGHT * (stock @ members_of(group).T))
    return felt / (1 + xp.sum(felt, -1, keepdims=True))


def members_of(group: np.ndarray) -> np.ndarray:
    """[J, G] 1 where a product belongs to a group."""
    return (group[:, None] == np.arange(2)).astype(float)
