"""A nested logit market on real paths: prices, costs, deals and features of the orange-juice table, simulated sales.

All juices are one nest beside leaving. ln s_j − ln s_0 = intercept(store, juice) − α p/oz + σ ln s_j|nest + deal and
feature effects + residual. α, σ and the two effects are those of that regression on the whole table (shares of
ounces; a market size of 1.15 times the store's largest week gives 38.0, .64 and feature .24; the published constants
stand here). Intercepts and residuals are what they leave of the real shares; residuals come back in blocks of weeks,
the same weeks in every store.

Holding earns .39 of the oracle: the last week's costs are .84 of the holding prices, so nearly every price goes to its
upper bound.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from data_io.markets.switches import read_variant
from data_io.markets.types import Market, long_table, week_dates
from data_io.read import read_table

VARIANTS = ("standard",)

PRICE_WEIGHT, NEST, DEAL, FEATURE = 38.5, 0.64, -0.006, 0.24  # per USD/oz; σ; of utility
MARKET_SIZE = 1.15  # of the store's largest week, in ounces
SHOPPERS = 2000
STORES, WEEKS, BLOCK = 12, 81, 4
HOLD_WEEKS = 27
REACH = 0.35  # bounds of log price around its mean
COST_RANGE = (0.4, 0.9)  # of the mean price
SHOCK_DRAWS = 32  # that expected demand averages over


class Paths(NamedTuple):
    """The complete weeks of the table: arrays [M, T, J] of all stores with enough of them, the last T = WEEKS weeks."""

    stores: np.ndarray
    products: pd.DataFrame
    ounces: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    deal: np.ndarray
    feature: np.ndarray
    intercept: np.ndarray
    residual: np.ndarray


def make(variant: str, seed: int, *, folder: str | None) -> Market:
    """Draw the market: STORES of the real stores, the first WEEKS - 1 weeks as history, the last to price.

    Args:
        folder: holds sales.parquet and products.csv of the orange-juice data.

    Raises:
        ConfigError: no folder, or it lacks the files, or a variant that is not known (prices and counts are the
            table's: there is nothing to switch).
    """
    read_variant("nested", variant, VARIANTS, words=())
    paths = _read_paths(_checked(folder))
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(paths.stores), STORES, replace=False))
    intercept, residual = paths.intercept[chosen], paths.residual[chosen]
    price = paths.price[chosen]
    past = price[:, :-1]

    shock = residual[:, _week_blocks(rng, WEEKS - 1)]
    worth = intercept[:, None] + DEAL * paths.deal[chosen, :-1] + FEATURE * paths.feature[chosen, :-1] + shock
    units = rng.poisson(SHOPPERS * _shares(worth - PRICE_WEIGHT * past / paths.ounces))

    mean_price = past.mean(1)
    center = np.log(past).mean(1)
    cost = np.clip(paths.cost[chosen, -1], COST_RANGE[0] * mean_price, COST_RANGE[1] * mean_price)
    names, places = paths.products["product"].to_numpy(), paths.stores[chosen]
    columns = {
        "price": past,
        "units": units,
        "cost": paths.cost[chosen, :-1],
        "deal": paths.deal[chosen, :-1],
        "feat": paths.feature[chosen, :-1],
    }
    offers = pd.DataFrame(
        {
            "product": np.tile(names, STORES),
            "store": np.repeat(places, len(names)),
            "current_price": np.median(past[:, -HOLD_WEEKS:], 1).reshape(-1).round(2),
            "cost": cost.reshape(-1).round(4),
            "min_price": (np.ceil(np.exp(center - REACH) * 100) / 100).reshape(-1),
            "max_price": (np.floor(np.exp(center + REACH) * 100) / 100).reshape(-1),
            "deal": 0,
            "feat": 0,
        }
    )
    worths = intercept + np.swapaxes(residual[:, rng.integers(WEEKS, size=SHOCK_DRAWS)], 0, 1)

    def expected_units(prices, xp=np):
        per_ounce = xp.reshape(prices, (*prices.shape[:-1], 1, *intercept.shape)) / paths.ounces
        return xp.reshape(SHOPPERS * xp.mean(_shares(worths - PRICE_WEIGHT * per_ounce, xp), -3), prices.shape)

    return Market(
        name="nested",
        variant=variant,
        seed=seed,
        sales=long_table(columns, places, week_dates(WEEKS - 1), names),
        products=paths.products,
        offers=offers,
        promotions=("deal", "feat"),
        expected_units=expected_units,
    )


def _shares(utility, xp=np):
    """[..., J] share of shoppers of each product, from utilities [..., J]; leaving is worth 0."""
    odds = xp.exp(utility / (1 - NEST))
    total = xp.sum(odds, -1, keepdims=True)
    return odds / total * total ** (1 - NEST) / (1 + total ** (1 - NEST))


def _week_blocks(rng: np.random.Generator, weeks: int) -> np.ndarray:
    """[weeks] weeks of 0..WEEKS - 1, resampled in runs of BLOCK."""
    starts = rng.integers(WEEKS - BLOCK + 1, size=-(-weeks // BLOCK))
    return (starts[:, None] + np.arange(BLOCK)).reshape(-1)[:weeks]


def _checked(folder: str | None) -> Path:
    if folder is None:
        raise ConfigError("data.market=nested needs the orange-juice table. Add data.folder=FOLDER, where it lies.")
    place = Path(folder).expanduser()
    missing = [name for name in ("sales.parquet", "products.csv") if not (place / name).is_file()]
    if missing:
        raise ConfigError(
            f"data.folder={folder} lacks {' and '.join(missing)}. "
            "data.market=nested needs the folder of the orange-juice table."
        )
    return place


@lru_cache(maxsize=1)
def _read_paths(folder: Path) -> Paths:
    """Stores with at least WEEKS complete weeks (every juice sold), sorted; the last WEEKS of them, side by side."""
    products = read_table(folder / "products.csv", "products", {}).frame
    sales = read_table(folder / "sales.parquet", "sales", {}).frame
    products = products.astype({"size_oz": float, "private_label": int}).sort_values("product", ignore_index=True)
    sales = sales.sort_values(["store", "date", "product"], ignore_index=True)
    week = [sales["store"], sales["date"]]
    sales = sales[sales.groupby(week)["product"].transform("size") == len(products)]
    sales = sales[sales.groupby("store")["date"].transform("nunique") >= WEEKS]
    sales = sales.groupby("store").tail(WEEKS * len(products))
    stores = sales["store"].unique()

    def dense(column: str) -> np.ndarray:
        return sales[column].to_numpy().reshape(len(stores), WEEKS, len(products))

    ounces = products["size_oz"].to_numpy()
    price, deal, feature = dense("price"), dense("deal"), dense("feat")
    volume = dense("units") * ounces
    total = volume.sum(-1, keepdims=True)
    left = MARKET_SIZE * total.max(1, keepdims=True) - total
    utility = np.log(volume / left) - NEST * np.log(volume / total)
    rest = utility + PRICE_WEIGHT * price / ounces - DEAL * deal - FEATURE * feature
    intercept = rest.mean(1)
    return Paths(stores, products, ounces, price, dense("cost"), deal, feature, intercept, rest - intercept[:, None])
