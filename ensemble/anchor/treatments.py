"""What a price is beside high or low: how deep a deal, how lately there was one, what is at home, what is usual.

A deal is not a low regular price: shoppers store what they buy on it, and the weeks after it sell less (Hendel & Nevo
2006); so does what they bought at low prices. Each of these has its own coefficient in demand, nearly one number for
all products, so that what a lasting regular price does is not read off deals. Shoppers also judge a price by those that
they remember (Kalyanaram & Winer 1995): see linearise. Not for equations or fitting. Axes: S series, T periods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

TREATMENTS = ("depth", "past_deals", "pantry")
DEPTH, PAST, PANTRY = 0, slice(1, 2), 2
TYPICAL_OWN = 2.5  # own elasticity at its prior mean, of which remembered prices move a part
MEMORY = 0.7  # of the usual price, from period to period
ATTENTION = 0.1  # log depth that sells as much as being on promotion does beside its price
FEW_RIVALS = 15  # the mean of more hardly moves, and says nothing of each
KEPT = 0.6  # of what households have at home, from period to period
WARM = 8  # first periods, whose purchases had filled the pantries before
FARTHEST = 1.0  # log price for which purchases are guessed


def treatments(z: np.ndarray, promoted: np.ndarray, meeting: np.ndarray, size: np.ndarray) -> np.ndarray:
    """[S, T, 3] in the order of TREATMENTS: log depth below the regular price on promotion; what is felt of past
    deals; and how empty the group's pantries are, 1 less the stock (see `stocked`).

    Purchases are guessed here, from prices and a typical elasticity; a fit puts those that it expects in their place
    (see pantry).

    Args:
        z: [S, T] log prices relative to the product's reference. promoted: [S, T] bool.
        meeting: [S] code of the store and group, which shares a pantry. size: [S] mean units.
    """
    guess = size[:, None] * np.exp(-TYPICAL_OWN * np.clip(z, -FARTHEST, FARTHEST))
    total = _totals(guess, meeting)
    stock = stocked(total / total.mean(1, keepdims=True))[meeting, :-1]
    few = np.bincount(meeting)[meeting][:, None] - 1 <= FEW_RIVALS
    return np.concatenate([deals(z, promoted), np.where(few, 1 - stock, 0)[..., None]], -1)


def deals(z: np.ndarray, promoted: np.ndarray) -> np.ndarray:
    """[S, T, 2] the first of the treatments, those of present and past deals; arguments as theirs."""
    depth = np.maximum(regular_price(z, promoted) - z, 0) * promoted
    return np.stack([depth, _carried(stored(depth, promoted), KEPT)], -1)


def stocked(bought: np.ndarray) -> np.ndarray:
    """[N, T + 1, ...] stock before every period and after the last, from what is bought over what is usual [N, T, ...];
    first the mean of the first ones."""
    stock = np.empty((len(bought), bought.shape[1] + 1, *bought.shape[2:]))
    stock[:, 0] = bought[:, :WARM].mean(1)
    for period in range(bought.shape[1]):
        stock[:, period + 1] = next_stock(stock[:, period], bought[:, period])
    return stock


def next_stock(stock, bought):
    """What is at home a period later; arrays of numpy or jax."""
    return KEPT * stock + (1 - KEPT) * bought


def stored(depth, promoted):
    """What a deal leaves in households: by its log depth, and by being on promotion; arrays of numpy or jax."""
    return depth + ATTENTION * promoted


def meetings(series: pd.DataFrame) -> np.ndarray:
    """[S] code of each series' store and category."""
    return series.groupby(["store", "category"], sort=False).ngroup().to_numpy()


def mean_rival(values: np.ndarray, meeting: np.ndarray) -> np.ndarray:
    """[S, T] mean of the other series that one meets, 0 where there is none or are more than FEW_RIVALS."""
    total = _totals(values, meeting)
    rivals = np.bincount(meeting)[meeting][:, None] - 1
    return np.where((rivals > 0) & (rivals <= FEW_RIVALS), total[meeting] - values, 0) / np.maximum(rivals, 1)


def regular_price(log_price: np.ndarray, promoted: np.ndarray) -> np.ndarray:
    """[S, T] log of the last price without promotion (before the first one, of that; of none, the price)."""
    kept = pd.DataFrame(np.where(promoted, np.nan, log_price))
    found = kept.ffill(axis=1).bfill(axis=1).to_numpy()
    return np.where(np.isnan(found), log_price, found)


def usual_price(log_price: np.ndarray) -> np.ndarray:
    """[S, T] remembered log price before each period's own is seen: r ← .7 r + .3 log p, first the first price."""
    first = log_price[:, :1]
    return first + (1 - MEMORY) * _carried(log_price - first, MEMORY)


def _totals(values: np.ndarray, meeting: np.ndarray) -> np.ndarray:
    """Sums of values [S, T] by meeting."""
    total = np.zeros((meeting.max(initial=-1) + 1, values.shape[1]))
    np.add.at(total, meeting, values)
    return total


def _carried(values: np.ndarray, kept: float) -> np.ndarray:
    """[S, T] Σ_k kept^(k−1) values k periods ago."""
    left = np.zeros_like(values)
    for period in range(1, values.shape[1]):
        left[:, period] = kept * left[:, period - 1] + values[:, period - 1]
    return left
