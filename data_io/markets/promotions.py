"""Deals of several mechanics on the stockpiling market: which deal pays over the weeks that it borrows from?

Shoppers as in `stockpiling`: they remember prices, and what they have at home they need not buy. A deal of depth d on a
regular price r has one of three mechanics, which differ in the price paid, in attention (`lift`, utility), and in how
often a buyer takes two:
percent_off: r (1 − d); fixed_price: the same, down to an ending of 9 cents; two_for: two for 2 r (1 − d), which PAIRS
of the buyers take, the others pay r, so that the mean unit costs r (1 − d · 2 PAIRS / (1 + PAIRS)). Attention is each
product's own, around the mechanic's. Variant ``percent_off`` has that mechanic alone.
Sales give the mean price paid and a column for each mechanic. History drew mechanics and depths at random.

The truth to promote for is profit over the next 8 weeks: a deal in the first, regular prices after it.
Axes: K draws of ξ, P candidates, M stores, T weeks, H weeks ahead, J products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from data_io.markets import stockpiling
from data_io.markets.common import (
    PRODUCTS,
    STORES,
    WEEKS,
    PriceLaw,
    draw_goods,
    draw_log_cost,
    draw_prices,
    tables,
    two_groups,
)
from data_io.markets.stockpiling import (
    KEPT,
    PRICE_WEIGHT,
    SHOCK_SD,
    SHOPPERS,
    felt_price,
    members_of,
    remembered,
    shares,
)
from data_io.markets.switches import facts, read_variant, streams
from data_io.markets.types import Market

VARIANTS = {"standard": 3, "percent_off": 1}  # how many of the mechanics there are

MECHANICS = ("percent_off", "fixed_price", "two_for")
DEPTHS = (0.1, 0.2, 0.3)
PAIRS = 0.4
LIFT, LIFT_SD = np.array([0.25, 0.3, 0.0]), 0.15  # of the mechanics; sd over products
SECOND = np.array([0.0, 0.3, 0.3, PAIRS])  # of no deal, then of the mechanics
RATE = 0.15
HORIZON = 8
SHOCK_DRAWS = 8


@dataclass(frozen=True)
class Promotions(Market):
    """A market with deals.

    path: (paid prices, mechanics 0 to 3) of the first week [..., S] -> expected units [..., H, S].
    """

    path: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    def deal_profit(self, paid: np.ndarray, mechanic: np.ndarray) -> np.ndarray:
        """Expected profit [..., S] of each offer over HORIZON weeks with these deals in the first."""
        units, cost = self.path(paid, mechanic), self.offers["cost"].to_numpy()
        return (paid - cost) * units[..., 0, :] + (self.hold - cost) * units[..., 1:, :].sum(-2)


def paid_price(regular: np.ndarray, mechanic: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Mean price of a unit under a deal; mechanic 0 is none."""
    cut = regular * (1 - depth)
    nine = (np.floor((cut * 100 - 9 + 1e-9) / 10) * 10 + 9) / 100
    pair = regular * (1 - depth * 2 * PAIRS / (1 + PAIRS))
    return np.choose(mechanic, [regular, cut, nine, pair])


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to promote in. Raises ConfigError for a variant that is not known."""
    base, switches = read_variant("promotions", variant, VARIANTS)
    kinds = VARIANTS[base]
    law = switches.law(PriceLaw(promotion_rate=0.0))
    rng, extra = streams(seed)
    group = two_groups(products)

    price_weight = PRICE_WEIGHT * rng.uniform(0.85, 1.15)
    base_cost, mean_price, _, value = draw_goods(rng, price_weight, group, stores, weeks + HORIZON)
    lift = np.concatenate([np.zeros((1, products)), LIFT[:, None] + LIFT_SD * rng.normal(size=(len(LIFT), products))])
    product = np.arange(products)

    costs = draw_log_cost(rng, base_cost, stores, weeks, law)
    path = draw_prices(rng, np.log(mean_price), base_cost, costs, law)

    mechanic = (1 + rng.integers(0, kinds, path.promo.shape)) * (rng.random(path.promo.shape) < RATE)
    paid = paid_price(np.exp(path.log_price), mechanic, rng.choice(DEPTHS, path.promo.shape))
    shock = SHOCK_SD * rng.normal(size=path.promo.shape)
    demand, reference, stock = stockpiling.simulate(
        rng,
        value[:, :weeks] + lift[mechanic, product] + shock,
        paid,
        SECOND[mechanic],
        price_weight,
        group,
        switches.shoppers(extra, SHOPPERS, (stores, weeks)),
    )
    units, shelf = switches.observe(extra, demand)
    worths = value[:, weeks:] + SHOCK_SD * rng.normal(size=(SHOCK_DRAWS, stores, HORIZON, products))
    hold = np.exp(path.hold).round(2)

    def ahead(first: np.ndarray, deal: np.ndarray) -> np.ndarray:
        """First weeks' paid prices and mechanics [..., S] -> expected units [..., H, S]."""
        lead = first.shape[:-1]
        prices, deals = (each.reshape(-1, 1, stores, products) for each in (first, deal))
        memory = np.broadcast_to(reference, prices.shape)
        home = np.broadcast_to(stock, (len(prices), SHOCK_DRAWS, *stock.shape))
        found = np.zeros((len(prices), HORIZON, stores * products))
        for number in range(HORIZON):
            price, now = (prices, deals) if number == 0 else (hold, np.zeros((1, 1, 1, 1), int))
            odds = np.exp(worths[:, :, number] + lift[now, product] - price_weight * felt_price(price, memory))
            bought = shares(odds, home, group) * (1 + SECOND[now])
            found[:, number] = SHOPPERS * bought.mean(1).reshape(len(prices), -1)
            home = KEPT * (home + bought @ members_of(group))
            memory = remembered(memory, price)
        return found.reshape(*lead, HORIZON, stores * products)

    made = tables(replace(path, log_price=np.log(paid)), units, group, shelf)
    names = MECHANICS[:kinds]
    flags = {name: (mechanic == number).astype(int).reshape(-1) for number, name in enumerate(names, start=1)}
    made["sales"] = made["sales"].drop(columns="promo").assign(**flags)
    made["offers"] = made["offers"].drop(columns="promo")
    made["promotions"] = names
    still = np.zeros(stores * products, int)

    def expected_units(prices, xp=np):
        return xp.asarray(ahead(np.asarray(prices), np.broadcast_to(still, prices.shape))[..., 0, :])

    return Promotions(
        name="promotions",
        variant=variant,
        seed=seed,
        expected_units=expected_units,
        facts=facts(path, law, switches, units, shelf),
        path=ahead,
        **made,
    )


def best_deals(market: Promotions, sweeps: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Paid prices and mechanics [S] of most profit under the truth: stores at once, product by product, from no deal
    and from the best deal of each product alone."""
    regular, stores = market.hold, market.offers["store"].nunique()
    kinds = len(market.promotions)
    mechanic = np.array([0, *np.repeat(np.arange(1, kinds + 1), len(DEPTHS))])
    depth = np.array([0.0, *np.tile(DEPTHS, kinds)])
    price = paid_price(regular[:, None], mechanic, depth)  # [S, L]
    offers = np.arange(len(regular))
    products = len(regular) // stores

    def by_store(chosen: np.ndarray) -> np.ndarray:
        """Options [N, S] -> profit [N, M]."""
        profit = market.deal_profit(price[offers, chosen], mechanic[chosen])
        return profit.reshape(len(chosen), stores, products).sum(-1)

    found = []
    for start in (0, 2):
        chosen = np.full(len(regular), start)
        for _ in range(sweeps):
            for product in range(products):
                rows = product + products * np.arange(stores)
                tried = np.repeat(chosen[None], len(mechanic), 0)
                tried[:, rows] = np.arange(len(mechanic))[:, None]
                chosen[rows] = by_store(tried).argmax(0)
        found.append(chosen.copy())
    found = np.stack(found)
    best = np.repeat(by_store(found).argmax(0), products)
    chosen = found[best, offers]
    return price[offers, chosen], mechanic[chosen]
