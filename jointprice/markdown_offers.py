"""The offers of task=markdown: their seasons so far, how long these last, which keep their price, and their ladders.

Axes: N offers, K prices of each.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from ensemble.season.seasons import KEYS, Seasons
from jointprice.schema import Config


def running_seasons(offers: pd.DataFrame, every: Seasons, begun: np.ndarray) -> tuple[Seasons, np.ndarray]:
    """The offers' seasons [N] and how many of their periods are over; those without sales begin now. A stock that the
    first period does not tell is what is left and what was sold."""
    rows = pd.MultiIndex.from_frame(every.keys).get_indexer(pd.MultiIndex.from_frame(offers[KEYS]))
    known = rows >= 0
    found = every.rows(np.maximum(rows, 0))
    current, left = (offers[name].to_numpy(np.float64) for name in ("current_price", "stock"))
    seen = found.seen & known[:, None]
    sold = np.where(seen, found.units, 0.0).sum(axis=1)
    bought = np.where(known & np.isfinite(found.stock), found.stock, np.where(np.isfinite(left), left, 0.0) + sold)
    first_price = np.where(known, found.first_price, current)
    running = Seasons(offers[KEYS], first_price, bought, found.ratio, found.units, seen, found.censored & seen)
    return running, np.where(known, begun[np.maximum(rows, 0)], 0)


def season_lengths(config: Config, offers: pd.DataFrame) -> np.ndarray:
    """[N] periods of each season. Raises ConfigError where the column of exits is missing or holds no numbers."""
    settings, name = config.markdown, config.markdown.exit_column
    if name is None:
        return np.full(len(offers), settings.periods)
    if name not in offers or not pd.api.types.is_numeric_dtype(offers[name]):
        raise ConfigError(
            f"markdown.exit_column={name} is no column of numbers of the offers or products. It says after how many "
            "periods of its season a product leaves; blank: after markdown.periods."
        )
    return offers[name].fillna(settings.periods).clip(1, settings.periods).to_numpy(np.int64)


def why_held(offers: pd.DataFrame, running: Seasons, week: np.ndarray, length: np.ndarray) -> np.ndarray:
    """[N] why an offer keeps its price."""
    stock = offers["stock"].to_numpy(np.float64)
    held = np.full(len(offers), "", object)
    held[week >= length] = "held: its season is over"
    held[(running.stock <= 0) & (held == "")] = "held: its season began without stock"
    held[~np.isfinite(stock)] = "held: its stock is not known"
    held[stock <= 0] = "held: sold out"
    return held


def ladders(config: Config, offers: pd.DataFrame, first_price: np.ndarray) -> np.ndarray:
    """[N, K] the current price and the ladder's prices below it, the last one repeated."""
    settings, current = config.markdown, offers["current_price"].to_numpy(np.float64)
    ladder = first_price[:, None] * (1 - settings.step * np.arange(settings.steps + 1))
    ladder = np.maximum(np.round(ladder, config.data.decimals), 10.0**-config.data.decimals)
    below = np.where(ladder < current[:, None] - 1e-9, ladder, -np.inf)
    below = -np.sort(-below, axis=1)
    prices = np.concatenate([current[:, None], below], axis=1)
    least = np.where(np.isfinite(prices), prices, np.inf).min(axis=1, keepdims=True)
    return np.maximum(prices, least)
