"""Market with a competitor: shoppers choose one of our products, one of the competitor's, or none (mixed logit).

Shoppers and our prices as in `logit` (mild spread). The competitor sells the same products at prices of his own, from
the costs that both bear: ln p' = ln p̄' + ½ (lc − ln c₀) − promo' · depth' + σ AR(.8) + φ (ln p_{t−1} − ln p̄), and
goes by a quality of his own. In the variant ``passive`` φ = 0; in ``reacts`` φ = .5: the truth then has the price he
ends up at when ours last. Of his prices 30 % were not noted, in the history and in the offers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_io.markets import logit
from data_io.markets.common import (
    PASS_THROUGH,
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
from data_io.markets.logit import LIFT, SHOCK_DRAWS, SHOCK_SD, SHOPPERS, TASTES, WEIGHTS
from data_io.markets.switches import WORDS, facts, read_variant, streams
from data_io.markets.types import Market

VARIANTS = {"passive": 0.0, "reacts": 0.5}
QUALITY_SD = 0.5
THEIR_PROMOTIONS, THEIR_NOISE, KEPT = 0.12, 0.05, 0.8
MISSING = 0.3


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price. Raises ConfigError for a variant that is not known."""
    base, switches = read_variant("competitor", variant, VARIANTS, WORDS)
    reaction, law = VARIANTS[base], switches.law(PriceLaw())
    rng, extra = streams(seed)
    group = two_groups(products)

    price_weight = logit.draw_price_weights(rng, logit.VARIANTS["mild"])
    base_cost, mean_price, level, value = draw_goods(rng, WEIGHTS @ price_weight, group, stores, weeks + 1)
    taste = TASTES[:, group]
    their_price = mean_price * np.exp(rng.normal(0, 0.05, products))
    their_level = level + rng.normal(0, QUALITY_SD, products)

    costs = draw_log_cost(rng, base_cost, stores, weeks, law)
    path = draw_prices(rng, np.log(mean_price), base_cost, costs, law)

    def bought(price, theirs, ours, xp=np):
        """[..., J] share of all shoppers who buy each of our products at prices and worths [..., J]."""
        weight = price_weight[:, None]
        odds = xp.exp(ours[..., None, :] + taste - weight * price[..., None, :])
        rival = xp.exp((ours + their_level - level)[..., None, :] + taste - weight * theirs[..., None, :])
        none = 1 + xp.sum(odds, -1, keepdims=True) + xp.sum(rival, -1, keepdims=True)
        return xp.sum(WEIGHTS[:, None] * odds / none, -2)

    shock = switches.shared(extra, SHOCK_SD * rng.normal(size=path.promo.shape), SHOCK_SD)
    path = follow(path, shock, law)
    alone = np.log(their_price) + PASS_THROUGH * (path.log_cost - np.log(base_cost)) + _own_moves(rng, path.log_cost)
    before = np.concatenate([path.log_price[:, :1], path.log_price], 1) - np.log(mean_price)  # [M, T + 1, J]
    their_log = alone + reaction * before
    share = bought(np.exp(path.log_price), np.exp(their_log[:, :weeks]), value[:, :weeks] + LIFT * path.promo + shock)
    leave = 1 - share.sum(-1, keepdims=True)
    shoppers = switches.shoppers(extra, SHOPPERS, share.shape[:-1])
    first = rng.multinomial(shoppers, np.concatenate([share, leave], -1))[..., :-1]
    units, stock = switches.observe(extra, first)

    worths = value[:, weeks] + SHOCK_SD * rng.normal(size=(SHOCK_DRAWS, stores, products))

    def expected_units(prices, xp=np):
        price = xp.reshape(prices, (*prices.shape[:-1], 1, stores, products))
        theirs = xp.exp(alone[:, weeks] + reaction * (xp.log(price) - np.log(mean_price)))
        return xp.reshape(SHOPPERS * xp.mean(bought(price, theirs, worths, xp), -3), prices.shape)

    market = Market(
        name="competitor",
        variant=variant,
        seed=seed,
        expected_units=expected_units,
        facts=facts(path, law, switches, units, stock) | {"reaction": reaction, "prices_missing": MISSING},
        **tables(path, units, group, stock),
    )
    seen = np.exp(their_log[:, :weeks]).reshape(-1)
    current = np.exp(alone[:, weeks] + reaction * (path.hold - np.log(mean_price))).reshape(-1)
    seen, current = (np.where(rng.random(len(each)) < MISSING, np.nan, each.round(2)) for each in (seen, current))
    return replace(
        market,
        sales=market.sales.assign(competitor_price=seen),
        offers=market.offers.assign(competitor_price=current),
    )


def _own_moves(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """[M, T + 1, J] what the competitor's log prices do for reasons of his own; no promotion in the week to price."""
    moves, shocks = np.zeros(like.shape), THEIR_NOISE * rng.normal(size=like.shape)
    moves[:, 0] = shocks[:, 0]
    for week in range(1, like.shape[1]):
        moves[:, week] = KEPT * moves[:, week - 1] + np.sqrt(1 - KEPT**2) * shocks[:, week]
    promo = rng.random(like.shape) < THEIR_PROMOTIONS
    promo[:, -1] = False
    return moves - promo * rng.uniform(0.10, 0.30, like.shape)
