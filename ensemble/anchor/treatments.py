"""What a price is beside high or low: how deep a deal, how lately there were deals, how far from the usual price.

A deal is not a low regular price: shoppers store what they buy on it, and the weeks after it sell less (Hendel & Nevo
2006); what they bought at low usual prices is at home too. Each of these has its own coefficient in demand, nearly one
number for all products, so that what a lasting regular price does is not read off deals. Shoppers also judge a price by
those that they remember (Kalyanaram & Winer 1995): see linearise. Not for equations or fitting. Axes: S series, T
periods.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ensemble.anchor.competitor import felt

TREATMENTS = ("depth", "past_deals", "rivals_past_deals", "pantry", "older_pantry")
DEPTH, PAST, PANTRY = 0, slice(1, 3), slice(3, 5)
TYPICAL_OWN = 2.5  # own elasticity at its prior mean, of which remembered prices move a part
MEMORY = 0.7  # of the usual price, from period to period
ATTENTION = 0.1  # log depth that sells as much as being on promotion does beside its price
FEW_RIVALS = 15  # the mean of more hardly moves, and says nothing of each
KEPT = 0.6  # of what a deal left in households, from period to period


def treatments(
    z: np.ndarray, usual: np.ndarray, promoted: np.ndarray, meeting: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """[S, T, 5] in the order of TREATMENTS: log depth below the regular price on promotion; what is felt of past
    deals, own and the mean rival's; and how little the group's usual prices, and those usual before, leave at home
    (see `felt`: what is bought falls ever less with the price), its products by their size.

    The latter two tell prices that came and went from those that lasted: who is surprised by a price buys more, or
    less, than who is used to it, and an empty pantry fills up again.

    Args:
        z, usual: [S, T] log prices and remembered ones, relative to the product's reference. promoted: [S, T] bool.
        meeting: [S] code of the store and group, whose products are rivals. size: [S] mean units.
    """
    sizes, rivals = (np.bincount(meeting, of)[meeting][:, None] for of in (size, np.ones_like(size)))

    def pantry(prices: np.ndarray) -> np.ndarray:
        total = _totals(size[:, None] * np.asarray(felt(prices)), meeting)[meeting]
        return np.where(rivals - 1 <= FEW_RIVALS, total / sizes, 0)[..., None]

    return np.concatenate([deals(z, promoted, meeting), pantry(usual), pantry(usual_price(usual))], -1)


def deals(z: np.ndarray, promoted: np.ndarray, meeting: np.ndarray) -> np.ndarray:
    """[S, T, 3] the first of the treatments, those of present and past deals; arguments as theirs."""
    depth = np.maximum(regular_price(z, promoted) - z, 0) * promoted
    past = _carried(stored(depth, promoted), KEPT)
    return np.stack([depth, past, mean_rival(past, meeting)], -1)


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
