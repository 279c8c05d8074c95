"""Market A: log-log demand with cross effects, cost pass-through, promotions and shocks.

ln λ = level + store + season + E (ln p - ln p̄) + promo · lift + ξ; units are Poisson with a log-normal error.
"""

from __future__ import annotations

import numpy as np

from data_io.markets.common import PRODUCTS, STORES, WEEKS, PriceLaw, draw_log_cost, draw_prices, tables, two_groups
from data_io.markets.switches import facts, read_variant, streams
from data_io.markets.types import Market

VARIANTS = {
    "exogenous": PriceLaw(),
    "little_variation": PriceLaw(price_noise=0.02, promotion_rate=0.05),
    "endogenous": PriceLaw(endogeneity=0.35),
    "instrument": PriceLaw(endogeneity=0.35, own_cost=0.10),
}

SHOCK_SD = 0.3


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price. Raises ConfigError for a variant that is not known."""
    base, switches = read_variant("loglog", variant, VARIANTS)
    law = switches.law(VARIANTS[base])
    rng, extra = streams(seed)
    group = two_groups(products)
    same = group[:, None] == group[None, :]

    base_cost = rng.uniform(1, 4, products)
    own = rng.uniform(-3.6, -1.9, products)
    elasticity = np.where(
        same, rng.uniform(0.05, 0.30, (products, products)), rng.uniform(0, 0.04, (products, products))
    )
    np.fill_diagonal(elasticity, own)
    center = np.log(base_cost * own / (own + 1)) + rng.uniform(-0.30, 0.22, products)
    level = np.log(rng.uniform(15, 120, products))
    store_effect = rng.normal(0, 0.4, stores)
    phase = rng.uniform(0, 2 * np.pi, products)
    lift = rng.uniform(0.15, 0.45, products)

    costs = draw_log_cost(rng, base_cost, stores, weeks, law)
    common = rng.normal(size=(stores, weeks, 1))
    shock = SHOCK_SD * (0.5 * common + np.sqrt(0.75) * rng.normal(size=(stores, weeks, products)))
    shock = switches.shared(extra, shock, SHOCK_SD)
    path = draw_prices(rng, center, base_cost, costs, law, shock)

    week = np.arange(weeks + 1)
    season = 0.25 * np.sin(2 * np.pi * week[:, None] / 52 + phase)
    baseline = level + store_effect[:, None, None] + season
    log_units = baseline[:, :weeks] + (path.log_price - center) @ elasticity.T + path.promo * lift + shock
    rate = np.exp(log_units + 0.15 * rng.normal(size=log_units.shape) - 0.01125)
    units, stock = switches.observe(extra, rng.poisson(rate * switches.surge(extra, rate.shape)))

    to_price = baseline[:, weeks] + 0.5 * SHOCK_SD**2

    def expected_units(prices, xp=np):
        logs = xp.log(xp.reshape(prices, (*prices.shape[:-1], stores, products))) - center
        return xp.reshape(xp.exp(to_price + logs @ elasticity.T), prices.shape)

    return Market(
        name="loglog",
        variant=variant,
        seed=seed,
        expected_units=expected_units,
        facts=facts(path, law, switches, units, stock),
        **tables(path, units, group, stock),
    )
