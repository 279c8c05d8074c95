"""Seasonal products that are sold once: past seasons as a retailer has them, and one that runs, for markdowns.

Each product starts with a stock at its first price. Weekly demand is negative binomial, its mean popularity ×
decay ** week × (price / first price) ** -elasticity: a product's popularity is only known to be around the plan; decay
and elasticity are the market's (variant `standard`) or each product's (`varied`). Past seasons were marked down a step
when sales were behind plan, so that prices followed popularity, and weeks that sold out hide demand. Axes: N products,
T weeks of a season.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from data_io.errors import ConfigError
from data_io.markets.types import Market, week_dates

VARIANTS = ("standard", "varied")
WEEKS, STEP, STEPS = 8, 0.10, 7  # of a season; a step down, as a share of the first price; how many at most
DISPERSION = 0.03
PLAN, POPULARITY = (12.0, 40.0), 0.4  # weekly units planned at the first price; sd of log popularity around it
DECAY, ELASTICITY = (0.88, 0.96), (1.7, 2.8)
STOCK = 1.35  # of the planned season's units at the first price: the retailer bought for hopes above the plan
BEHIND = 0.7  # of the planned sales to date: below it the retailer marked down
PAST, RUNNING, ELAPSED = 160, 40, 2  # products; weeks of the running season that are over


@dataclass(frozen=True)
class Products:
    """The truth of N products: plan, popularity (weekly units at the first price in the first week), decay a week,
    elasticity (> 0), stock, first_price, and demand's place in its distribution [T, N], which no price changes."""

    plan: np.ndarray
    popularity: np.ndarray
    decay: np.ndarray
    elasticity: np.ndarray
    stock: np.ndarray
    first_price: np.ndarray
    places: np.ndarray

    def mean(self, week: int | np.ndarray, ratio: np.ndarray) -> np.ndarray:
        """Expected demand in a week at prices that are this share of the first one."""
        return self.popularity * self.decay**week * ratio**-self.elasticity

    def demand(self, week: int, ratio: np.ndarray) -> np.ndarray:
        """[N] units that meet the shelf."""
        size = 1 / DISPERSION
        return nbinom.ppf(self.places[week], size, size / (size + self.mean(week, ratio)))

    @property
    def planned(self) -> np.ndarray:
        """[N, T] units planned to have been sold before each week at the first price."""
        pace = np.mean(DECAY) ** np.arange(WEEKS)
        return self.plan[:, None] * (np.cumsum(pace) - pace)


def habits(variant: str, rng: np.random.Generator) -> tuple[float, float] | None:
    """Decay and elasticity of all products of a market; None where each has its own."""
    drawn = float(rng.uniform(*DECAY)), float(rng.uniform(*ELASTICITY))
    return drawn if variant == "standard" else None


def draw(rng: np.random.Generator, count: int, shared: tuple[float, float] | None) -> Products:
    """`count` products, with the habits."""
    plan = np.exp(rng.uniform(*np.log(PLAN), count))
    popularity = plan * np.exp(rng.normal(0, POPULARITY, count))
    own = rng.uniform(*DECAY, count), rng.uniform(*ELASTICITY, count)
    decay, elasticity = own if shared is None else (np.full(count, one) for one in shared)
    season = plan * (np.mean(DECAY) ** np.arange(WEEKS)).sum()
    stock = np.round(season * STOCK)
    first = np.round(np.exp(rng.uniform(np.log(15), np.log(60), count)), 2)
    return Products(plan, popularity, decay, elasticity, stock, first, rng.random((WEEKS, count)))


def as_before(products: Products, week: int, level: np.ndarray, left: np.ndarray) -> np.ndarray:
    """[N] steps down that the retailer would have: one more where sales are behind plan."""
    behind = products.stock - left < BEHIND * products.planned[:, week]
    return np.minimum(level + behind, STEPS)


def sell(products: Products, weeks: int = WEEKS, choose=as_before) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prices as steps down, units and stock at the week's start, each [N, weeks]; choose(products, week, level [N],
    left [N]) -> steps down [N], never fewer than before."""
    level, left = np.zeros(len(products.plan), np.int64), products.stock.copy()
    rows = []
    for week in range(weeks):
        level = np.maximum(level, choose(products, week, level, left))
        sold = np.minimum(products.demand(week, 1 - STEP * level), left)
        rows.append((level, sold, left))
        left = left - sold
    return tuple(np.stack(part, axis=1) for part in zip(*rows, strict=True))


def table(products: Products, first_week: np.ndarray, names: list[str], weeks: int = WEEKS) -> pd.DataFrame:
    """Sales [rows] of their first `weeks`, sold as before; a product that is sold out has no further rows."""
    level, units, stock = sell(products, weeks)
    row, week = np.nonzero(stock > 0)
    dates = week_dates(int(first_week.max()) + weeks)
    return pd.DataFrame(
        {
            "date": dates[first_week[row] + week],
            "product": np.array(names, object)[row],
            "store": "web",
            "price": np.round(products.first_price[row] * (1 - STEP * level[row, week]), 2),
            "units": units[row, week],
            "stock": stock[row, week],
            "cost": np.round(0.4 * products.first_price[row], 2),
        }
    )


def make(variant: str, seed: int) -> Market:
    """Past seasons and one that is ELAPSED weeks old, whose offers are to be marked down. Raises ConfigError."""
    if variant not in VARIANTS:
        raise ConfigError(f"data.variant={variant} is not one of the market's. Choose one of {', '.join(VARIANTS)}.")
    rng = np.random.default_rng(seed)
    shared = habits(variant, rng)
    past, running = draw(rng, PAST, shared), draw(rng, RUNNING, shared)
    starts = rng.integers(0, 2 * WEEKS, PAST)
    now = 3 * WEEKS
    names = [[f"{word}-{number:03d}" for number in range(count)] for word, count in (("past", PAST), ("new", RUNNING))]
    sales = pd.concat(
        [table(past, starts, names[0]), table(running, np.full(RUNNING, now), names[1], ELAPSED)], ignore_index=True
    )
    level, units, stock = sell(running, ELAPSED)
    left = stock[:, -1] - units[:, -1]
    price = np.round(running.first_price * (1 - STEP * level[:, -1]), 2)
    products = pd.DataFrame({"product": names[0] + names[1], "category": "coats"})
    offers = pd.DataFrame({"product": names[1], "store": "web", "current_price": price, "stock": left})
    for name, share in (("cost", 0.4), ("min_price", 1 - STEP * STEPS), ("max_price", 1.0)):
        offers[name] = np.round(share * running.first_price, 2)

    def expected_units(prices, _):
        return running.mean(ELAPSED, prices / running.first_price)

    return Market("season", variant, seed, sales, products, offers, (), expected_units)
