"""Market A: log-log demand with cross effects, cost pass-through, promotions and shocks.

ln λ = level + store + season + E (ln p - ln p̄) + promo · lift + ξ; units are Poisson with a log-normal error.
Prices follow half of the cost, the shock by `endogeneity` (ρ), promotions, and noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_io.markets.types import Market, long_table, week_dates


@dataclass(frozen=True)
class Variant:
    """endogeneity ρ: how prices load on the demand shock. own_cost κ: sd of cost that varies on its own.
    price_noise σ_p: sd of log price. promotion_rate π: share of promoted store-weeks."""

    endogeneity: float = 0.0
    own_cost: float = 0.0
    price_noise: float = 0.04
    promotion_rate: float = 0.12


VARIANTS = {
    "exogenous": Variant(),
    "little_variation": Variant(price_noise=0.02, promotion_rate=0.05),
    "endogenous": Variant(endogeneity=0.35),
    "instrument": Variant(endogeneity=0.35, own_cost=0.10),
}

SHOCK_SD = 0.3


def make(variant: str, seed: int, *, products: int = 8, stores: int = 12, weeks: int = 60) -> Market:
    """Draw the market. Two groups of products are the categories; week `weeks` is the one to price."""
    law = VARIANTS[variant]
    rng = np.random.default_rng(seed)
    group = np.arange(products) // (products // 2)
    same = group[:, None] == group[None, :]

    base_cost = rng.uniform(1, 4, products)
    own = rng.uniform(-3.6, -1.9, products)
    elasticity = np.where(
        same, rng.uniform(0.05, 0.30, (products, products)), rng.uniform(0, 0.04, (products, products))
    )
    np.fill_diagonal(elasticity, own)
    mean_log_price = np.log(base_cost * own / (own + 1)) + rng.uniform(-0.30, 0.22, products)
    level = np.log(rng.uniform(15, 120, products))
    store_effect = rng.normal(0, 0.4, stores)
    phase = rng.uniform(0, 2 * np.pi, products)
    lift = rng.uniform(0.15, 0.45, products)

    log_cost = np.log(base_cost) + _cost_path(rng, weeks, products) + rng.normal(0, 0.03, stores)[:, None, None]
    log_cost = log_cost + law.own_cost * rng.normal(size=log_cost.shape)
    common = rng.normal(size=(stores, weeks, 1))
    shock = SHOCK_SD * (0.5 * common + np.sqrt(0.75) * rng.normal(size=(stores, weeks, products)))
    promo = rng.random((stores, weeks, products)) < law.promotion_rate
    depth = rng.uniform(0.10, 0.30, promo.shape)
    pass_through = 0.5 * (log_cost - np.log(base_cost))
    log_price = (
        mean_log_price
        + pass_through[:, :weeks]
        + law.endogeneity * shock
        - promo * depth
        + law.price_noise * rng.normal(size=promo.shape)
    )
    week = np.arange(weeks + 1)
    season = 0.25 * np.sin(2 * np.pi * week[:, None] / 52 + phase)
    baseline = level + store_effect[:, None, None] + season
    log_units = baseline[:, :weeks] + (log_price - mean_log_price) @ elasticity.T + promo * lift + shock
    units = rng.poisson(np.exp(log_units + 0.15 * rng.normal(size=log_units.shape) - 0.01125))

    names = np.array([f"product-{j + 1:02d}" for j in range(products)])
    places = np.array([f"store-{m + 1:02d}" for m in range(stores)])
    dates = week_dates(weeks)
    columns = {
        "price": np.exp(log_price),
        "units": units,
        "cost": np.exp(log_cost[:, :weeks]),
        "promo": promo.astype(np.int64),
    }
    offers = pd.DataFrame(
        {
            "product": np.tile(names, stores),
            "store": np.repeat(places, products),
            "current_price": np.exp(mean_log_price + pass_through[:, weeks]).reshape(-1).round(2),
            "cost": np.exp(log_cost[:, weeks]).reshape(-1).round(4),
            "min_price": np.tile(np.ceil(np.exp(mean_log_price - 0.4) * 100) / 100, stores),
            "max_price": np.tile(np.floor(np.exp(mean_log_price + 0.4) * 100) / 100, stores),
            "promo": 0,
        }
    )
    to_price = baseline[:, weeks] + 0.5 * SHOCK_SD**2

    def expected_units(prices, xp=np):
        logs = xp.log(xp.reshape(prices, (*prices.shape[:-1], stores, products))) - mean_log_price
        return xp.reshape(xp.exp(to_price + logs @ elasticity.T), prices.shape)

    return Market(
        name="loglog",
        variant=variant,
        seed=seed,
        sales=long_table(columns, places, dates, names),
        products=pd.DataFrame({"product": names, "category": [f"category-{g + 1}" for g in group]}),
        offers=offers,
        promotions=("promo",),
        expected_units=expected_units,
    )


def _cost_path(rng: np.random.Generator, weeks: int, products: int) -> np.ndarray:
    """[weeks + 1, J]: an AR(1) that starts at 0."""
    path = np.zeros((weeks + 1, products))
    for week in range(1, weeks + 1):
        path[week] = 0.92 * path[week - 1] + 0.035 * rng.normal(size=products)
    return path
