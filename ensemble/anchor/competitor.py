"""Competitor prices as the anchor's heads see them, and whether the competitor follows ours.

A competitor's goods are outside of the offer: in an attraction head, dearer ones lower the utility of going there,
which is as if all own products became better. So three drivers move every head: the price of the same product there,
and the mean ones of the group's and of all other products that are sold in our store. Prices that nobody noted are
expected to follow ours as known ones do and, for the rest, to drift back to the usual one. Not for fitting heads.
Axes: S series, T periods.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pandas as pd

from data_io.competitor import carried, persistence
from data_io.types import SalesPanel

CONCAVITY = 3.0
LEAST_PAIRS = 60  # of weeks in a row with known prices, to see a reaction
SURE = 2.6  # standard errors from which a reaction is believed
ALTERNATIONS, WORST_CONDITION = 10, 1e8


def felt(moves):
    """What log prices over the usual ones [...] do to demand, per effect: the dearer the competitor, the fewer shoppers
    are left there to lose (the log of a logit's denominator bends so; 3 is between what such markets show)."""
    return -jnp.expm1(-CONCAVITY * moves) / CONCAVITY


class Competitor(NamedTuple):
    """usual [S] log of the median price, NaN where never known; moves [S, T] log of the (expected) price over it;
    coming [S] that of the first period after the history; reaction, by how many per cent the competitor ends up higher
    after we are 1 % higher."""

    usual: np.ndarray
    moves: np.ndarray
    coming: np.ndarray
    reaction: float


def competitor(panel: SalesPanel, weight: np.ndarray, z: np.ndarray, declared: float | None) -> Competitor | None:
    """From the periods of positive weight [T]; None where no price is known. z [S, T] own log relative prices;
    declared: the reaction, where it is known."""
    known = np.where(weight > 0, np.log(panel.competitor), np.nan)
    if not np.isfinite(known).any():
        return None
    usual = pd.DataFrame(known).median(axis=1).to_numpy()
    moves = known - usual[:, None]
    found = _reaction(panel.series, moves, z) if declared is None else declared
    answered = found * np.concatenate([z[:, :1], z], 1)  # [S, T + 1] what is left to answer to the period before
    own = np.concatenate([moves, np.full((len(moves), 1), np.nan)], 1) - answered
    ahead = answered + carried(own, persistence(own))
    return Competitor(usual, ahead[:, :-1], ahead[:, -1], found)


def _reaction(series: pd.DataFrame, moves: np.ndarray, z: np.ndarray) -> float:
    """In the long run, of c(t) = b c(t-1) + g z(t-1) + h z(t-2) within series and, where there are several stores,
    within every product and period, so that costs which both bear are no reaction; 0 where it may be chance.

    The second lag lets the competitor answer at once and all the same have moods of his own that last.
    """
    used = ~np.isnan(moves[:, 2:]) & ~np.isnan(moves[:, 1:-1])
    row, period = np.nonzero(used)
    if len(row) < LEAST_PAIRS:
        return 0.0
    columns = np.stack([part[used] for part in (moves[:, 2:], moves[:, 1:-1], z[:, 1:-1], z[:, :-2])], -1)
    cells = [row]
    if series["store"].nunique() > 1:
        cells.append(pd.factorize(series["product"])[0][row] * moves.shape[1] + period)
    frame = pd.DataFrame(columns)
    for _ in range(ALTERNATIONS if len(cells) > 1 else 1):  # projections that come to both effects together
        for cell in cells:
            frame = frame - frame.groupby(cell).transform("mean")
    after, regressors = frame[0].to_numpy(), frame[[1, 2, 3]].to_numpy()
    gram = regressors.T @ regressors
    if np.linalg.cond(gram) > WORST_CONDITION:
        return 0.0
    bread = np.linalg.inv(gram)
    kept, first, second = bread @ regressors.T @ after
    residual = after - regressors @ (kept, first, second)
    scores = pd.DataFrame(regressors * residual[:, None]).groupby(period).sum().to_numpy()
    left = max(1 - kept, 0.1)
    lasting = (first + second) / left
    slope = np.array([lasting, 1, 1]) / left
    error = np.sqrt(slope @ bread @ (scores.T @ scores) @ bread @ slope)
    return float(np.clip(lasting, 0, 1)) if lasting > SURE * error else 0.0
