"""A market of linear demand: q = 1.6 b − s p b/a + G p b/a, at least 1, times season and shock; units are Poisson.

a is a product's size, b its size in a store; G is the effect of rivals in the group. Promotions only cut the price.
The equations leave costs and mean prices open: c₀ U(1, 3) and p̄ = c₀ exp(U(.2, .6)) here, at which holding earns the
share of the oracle that they state (.77).
"""

from __future__ import annotations

import numpy as np

from data_io.markets.common import (
    PRODUCTS,
    STORES,
    WEEKS,
    PriceLaw,
    draw_log_cost,
    draw_prices,
    follow,
    tables,
    two_groups,
)
from data_io.markets.switches import facts, read_variant, streams
from data_io.markets.types import Market

VARIANTS = ("standard",)

SHOCK_SD = 0.3


def make(variant: str, seed: int, *, products: int = PRODUCTS, stores: int = STORES, weeks: int = WEEKS) -> Market:
    """Draw the market; week `weeks` is the one to price. Raises ConfigError for a variant that is not known."""
    _, switches = read_variant("linear", variant, VARIANTS)
    law = switches.law(PriceLaw())
    rng, extra = streams(seed)
    group = two_groups(products)

    base_cost = rng.uniform(1, 3, products)
    mean_price = base_cost * np.exp(rng.uniform(0.2, 0.6, products))
    size = rng.uniform(60, 200, products)
    slope = size * rng.uniform(1.6, 2.6, products) / (2 * mean_price)
    cross = rng.uniform(0.02, 0.10, (products, products)) * slope * (group[:, None] == group[None, :])
    np.fill_diagonal(cross, 0.0)
    local = np.exp(rng.normal(0, 0.25, stores))[:, None]  # b / a
    phase = rng.uniform(0, 2 * np.pi, products)

    costs = draw_log_cost(rng, base_cost, stores, weeks, law)
    path = draw_prices(rng, np.log(mean_price), base_cost, costs, law)
    shock = switches.shared(extra, SHOCK_SD * rng.normal(size=path.promo.shape), SHOCK_SD)
    path = follow(path, shock, law)
    week = np.arange(weeks + 1)
    season = 1 + 0.2 * np.sin(2 * np.pi * week[:, None] / 52 + phase)

    def quantity(price, local, xp=np):
        """[..., J] demand before season and shock."""
        return xp.maximum(local * (1.6 * size - slope * price + price @ cross.T), 1.0)

    rate = quantity(np.exp(path.log_price), local[:, None]) * season[:weeks] * np.exp(shock - 0.5 * SHOCK_SD**2)
    units, stock = switches.observe(extra, rng.poisson(rate * switches.surge(extra, rate.shape)))

    def expected_units(prices, xp=np):
        price = xp.reshape(prices, (*prices.shape[:-1], stores, products))
        return xp.reshape(quantity(price, local, xp) * season[weeks], prices.shape)

    return Market(
        name="linear",
        variant=variant,
        seed=seed,
        expected_units=expected_units,
        facts=facts(path, law, switches, units, stock),
        **tables(path, units, group, stock),
    )
