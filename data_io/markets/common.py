"""What the drawn markets share: the law of costs and prices, and the tables that a retailer would have.

ln p = ln p̄ + ½ (lc − ln c₀) + ρ ξ − promo · depth + σ_p N(0, 1); log cost lc is an AR(1) per product, a constant per
store and, where a variant asks for it, noise of its own. A chain with one price sets it from the mean over its stores.
Not for demand. Axes: M stores, T weeks, J products.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data_io.markets.types import long_table, week_dates

PRODUCTS, STORES, WEEKS = 8, 12, 60
PASS_THROUGH = 0.5
REACH = 0.4  # bounds of log price around ln p̄


@dataclass(frozen=True)
class PriceLaw:
    """endogeneity ρ: how prices load on the demand shock. own_cost κ: sd of cost that varies on its own.
    price_noise σ_p: sd of log price. promotion_rate π: share of promoted store-weeks. chain: all stores have one
    price, one promotion plan and one noise of cost, as from one supplier."""

    endogeneity: float = 0.0
    own_cost: float = 0.0
    price_noise: float = 0.04
    promotion_rate: float = 0.12
    chain: bool = False


@dataclass(frozen=True)
class PricePath:
    """Costs and prices of a drawn market.

    Attributes:
        center: [J] ln p̄.
        log_cost: [M, T + 1, J], the week to price last.
        own_cost: [M, T + 1, J] the part of it that varies on its own: what an instrument could use.
        log_price: [M, T, J].
        promo: [M, T, J] bool.
        hold: [M, J] log price that holding keeps in the week to price.
    """

    center: np.ndarray
    log_cost: np.ndarray
    own_cost: np.ndarray
    log_price: np.ndarray
    promo: np.ndarray
    hold: np.ndarray


def two_groups(products: int) -> np.ndarray:
    """[J] group 0 or 1 of each product; the groups are the categories."""
    return np.arange(products) // (products // 2)


class Goods(NamedTuple):
    """base_cost, mean_price and level [J]; worth [M, T, J]: level, store and season, in utility without the price."""

    base_cost: np.ndarray
    mean_price: np.ndarray
    level: np.ndarray
    worth: np.ndarray


def draw_goods(rng: np.random.Generator, price_weight: float, group: np.ndarray, stores: int, weeks: int) -> Goods:
    """What shoppers choose from whose utility falls by (on average) price_weight per unit of money; group [J]."""
    products = len(group)
    base_cost = rng.uniform(1, 3, products)
    mean_price = base_cost * np.exp(rng.uniform(0.25, 0.75, products))
    level = price_weight * mean_price + rng.normal(-1.2, 0.5, products)
    store_effect = rng.normal(0, 0.3, stores)
    phase = rng.uniform(0, 2 * np.pi, 2)
    season = 0.3 * np.sin(2 * np.pi * np.arange(weeks)[:, None] / 52 + phase[group])
    return Goods(base_cost, mean_price, level, level + store_effect[:, None, None] + season)


def draw_log_cost(
    rng: np.random.Generator, base_cost: np.ndarray, stores: int, weeks: int, law: PriceLaw
) -> tuple[np.ndarray, np.ndarray]:
    """[M, T + 1, J] log costs, and the part of them that varies on its own; the AR(1) starts at 0."""
    path = np.zeros((weeks + 1, len(base_cost)))
    for week in range(1, weeks + 1):
        path[week] = 0.92 * path[week - 1] + 0.035 * rng.normal(size=len(base_cost))
    log_cost = np.log(base_cost) + path + rng.normal(0, 0.03, stores)[:, None, None]
    own_cost = law.own_cost * _one_for_all(rng.normal(size=log_cost.shape), law)
    return log_cost + own_cost, own_cost


def draw_prices(
    rng: np.random.Generator,
    center: np.ndarray,
    base_cost: np.ndarray,
    costs: tuple[np.ndarray, np.ndarray],
    law: PriceLaw,
    shock: np.ndarray | None = None,
) -> PricePath:
    """Prices of T weeks around `center`, and the holding prices of the week that follows.

    Args:
        costs: as from `draw_log_cost`.
        shock: [M, T, J] ξ where it is drawn before the prices; else `follow` lets them follow it later.
    """
    log_cost, own_cost = costs
    stores, periods, products = log_cost.shape
    promo = _one_for_all(rng.random((stores, periods - 1, products)) < law.promotion_rate, law)
    depth = _one_for_all(rng.uniform(0.10, 0.30, promo.shape), law)
    usual = center + PASS_THROUGH * (_mean_of_all(log_cost, law) - np.log(base_cost))
    noise = law.price_noise * _one_for_all(rng.normal(size=promo.shape), law)
    followed = 0.0 if shock is None else law.endogeneity * _mean_of_all(shock, law)
    log_price = usual[:, :-1] + followed - promo * depth + noise
    return PricePath(center, log_cost, own_cost, log_price, promo, usual[:, -1])


def follow(path: PricePath, shock: np.ndarray, law: PriceLaw) -> PricePath:
    """The same path with prices that load ρ on the demand shock [M, T, J]."""
    return replace(path, log_price=path.log_price + law.endogeneity * _mean_of_all(shock, law))


def _one_for_all(values: np.ndarray, law: PriceLaw) -> np.ndarray:
    """[M, …] the first store's values in every store of a chain."""
    return np.broadcast_to(values[:1], values.shape) if law.chain else values


def _mean_of_all(values: np.ndarray, law: PriceLaw) -> np.ndarray:
    """[M, …] the mean over the stores of a chain."""
    return np.broadcast_to(values.mean(0), values.shape) if law.chain else values


def tables(path: PricePath, units: np.ndarray, group: np.ndarray, stock: np.ndarray | None = None) -> dict[str, Any]:
    """The tables and promotions of a Market; units, and stock at the start of each week, [M, T, J]; group [J]."""
    stores, weeks, products = units.shape
    names = np.array([f"product-{number + 1:02d}" for number in range(products)])
    places = np.array([f"store-{number + 1:02d}" for number in range(stores)])
    columns = {
        "price": np.exp(path.log_price),
        "units": units,
        "cost": np.exp(path.log_cost[:, :weeks]),
        "promo": path.promo.astype(np.int64),
        **({} if stock is None else {"stock": stock}),
    }
    offers = pd.DataFrame(
        {
            "product": np.tile(names, stores),
            "store": np.repeat(places, products),
            "current_price": np.exp(path.hold).reshape(-1).round(2),
            "cost": np.exp(path.log_cost[:, weeks]).reshape(-1).round(4),
            "min_price": np.tile(np.ceil(np.exp(path.center - REACH) * 100) / 100, stores),
            "max_price": np.tile(np.floor(np.exp(path.center + REACH) * 100) / 100, stores),
            "promo": 0,
        }
    )
    return {
        "sales": long_table(columns, places, week_dates(weeks), names),
        "products": pd.DataFrame({"product": names, "category": [f"category-{number + 1}" for number in group]}),
        "offers": offers,
        "promotions": ("promo",),
    }
