"""A shop whose shoppers may add to a basket to save: order lines, past deals, and what any deal would really bring.

Shoppers know of a deal or not. One who does, and whose basket is short of the threshold, adds goods one after another
until it is reached, where the saving is worth it: goods added are worth a share of their price to her, and adding is a
bother. Weeks differ in the baskets' size. Not among data.market's, which have sales and offers: task=spend_save.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from data_io.markets.types import week_dates

WEEKS, BASKETS = 60, 500
PAST = (  # first and last week (from 0), spend, save
    (14, 15, 60.0, 6.0),
    (26, 27, 80.0, 10.0),
    (38, 39, 100.0, 10.0),
    (50, 51, 120.0, 20.0),
)
ITEMS = 40  # goods that a shopper would add at most
JUDGED = 100_000  # baskets that the truth is worked out on


@dataclass(frozen=True)
class BasketMarket:
    """One shop drawn from a seed.

    Attributes:
        lines: order lines, ``basket, date, product, price, units, cost``.
        level, spread: of log spend. week_sd: of a week's level.
        informed: share of shoppers who know of a deal. worth: (a, b) of the Beta distribution of what goods added are
            worth, as a share of price; adding costs added² / (appetite × basket) too, there being ever less use for
            more, and a bother (its mean, money). item: mean log price of a good, sd.
        margin: share of the price that a good leaves.
    """

    seed: int
    lines: pd.DataFrame
    level: float
    spread: float
    week_sd: float
    informed: float
    worth: tuple[float, float]
    appetite: float
    bother: float
    item: tuple[float, float]
    margin: float

    def gain(self, spend: float, save: float) -> float:
        """Money that the deal brings per week over none, expected."""
        rng = np.random.default_rng(10_000_019)  # the same shoppers for every deal
        week = self.week_sd * rng.normal(size=JUDGED)
        plain = np.exp(self.level + week + self.spread * rng.normal(size=JUDGED))
        added = stretched(self, rng, plain, spend, save)
        redeemed = plain + added >= spend
        return float(BASKETS * (self.margin * added - save * redeemed).mean())


def make(seed: int) -> BasketMarket:
    """Draw a shop."""
    rng = np.random.default_rng(seed)
    shop = BasketMarket(
        seed=seed,
        lines=pd.DataFrame(),
        level=np.log(rng.uniform(32, 42)),
        spread=rng.uniform(0.5, 0.7),
        week_sd=0.06,
        informed=rng.uniform(0.6, 0.95),
        worth=(rng.uniform(8, 18), 2.0),
        appetite=np.exp(rng.uniform(np.log(5), np.log(50))),
        bother=rng.uniform(0.1, 0.5),
        item=(np.log(rng.uniform(4, 7)), 0.6),
        margin=rng.uniform(0.25, 0.5),
    )
    deals = {week: deal for first, last, *deal in PAST for week in range(first, last + 1)}
    parts = []
    for week, date in enumerate(week_dates(WEEKS)):
        count = rng.poisson(BASKETS)
        plain = np.exp(shop.level + shop.week_sd * rng.normal() + shop.spread * rng.normal(size=count))
        added = stretched(shop, rng, plain, *deals[week]) if week in deals else np.zeros(count)
        parts.append(_lines(rng, shop, week, date, plain, added))
    return replace(shop, lines=pd.concat(parts, ignore_index=True))


def stretched(shop: BasketMarket, rng: np.random.Generator, plain: np.ndarray, spend: float, save: float) -> np.ndarray:
    """[N] money added to baskets of `plain` [N] under a deal."""
    size = len(plain)
    missing = spend - plain
    knows, worth = rng.random(size) < shop.informed, rng.beta(*shop.worth, size)
    bother = rng.exponential(shop.bother, size)
    goods = np.exp(shop.item[0] + shop.item[1] * rng.normal(size=(size, ITEMS))).cumsum(1)
    total = goods[np.arange(size), np.argmax(goods >= missing[:, None], axis=1)]
    pays = (
        knows
        & (missing > 0)
        & (goods[:, -1] >= missing)
        & (save >= total * (1 - worth) + total**2 / (shop.appetite * plain) + bother)
    )
    return np.where(pays, total, 0.0)


def _lines(
    rng, shop: BasketMarket, week: int, date: pd.Timestamp, plain: np.ndarray, added: np.ndarray
) -> pd.DataFrame:
    """A basket's goods in two lines, and what was added in a third."""
    part = rng.uniform(0.2, 0.8, len(plain))
    price = np.concatenate([part * plain, (1 - part) * plain, added]).round(2)
    basket = np.tile(np.arange(len(plain)), 3)
    day = date + pd.to_timedelta(rng.integers(0, 7, len(plain)), unit="D")
    lines = pd.DataFrame(
        {
            "basket": [f"{week:02d}-{number:04d}" for number in basket],
            "date": day[basket],
            "product": np.repeat(["fresh", "dry", "more"], len(plain)),
            "price": price,
            "units": 1,
            "cost": (price * (1 - shop.margin)).round(4),
        }
    )
    return lines[lines["price"] > 0]
