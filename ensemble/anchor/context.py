"""What the anchor must know of a period beside its prices. Not for the effects of any of it: see evaluate.

Competitor prices to come are the expected ones, the same in all
periods. Axes: S series, T periods of history, H periods asked, Q promotions.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.features import season
from ensemble.anchor.evaluate import Context
from ensemble.anchor.layout import Sets
from ensemble.anchor.treatments import PAST, deals, regular_price, usual_price


def lasting(
    sets: Sets,
    period: pd.Timestamp,
    promotions: np.ndarray | None = None,
    competitor: np.ndarray | None = None,
    held: np.ndarray | None = None,
) -> Context:
    """Of prices that last: they become the usual ones, and no past deal is felt.

    Args:
        promotions: [S, Q] in the panel's units; None = none. A promoted price is a deal below the last regular one.
        competitor: [S] competitor's prices, NaN unknown; None = as expected after the history.
        held: [S] own log prices at which the competitor has these; None = the competitor follows nobody.
    """
    series = len(sets.place)
    if promotions is None:
        promotions = np.zeros((series, len(sets.promotion_scale)))
    return Context(
        season=season(pd.DatetimeIndex([period]))[0],
        promotions=np.asarray(promotions, np.float32),
        regular=np.where((promotions > 0).any(-1), sets.regular, -np.inf).astype(np.float32),
        past=np.zeros((series, 1), np.float32),
        usual=None,
        competitor=_moves(sets, competitor),
        held=np.zeros(series, np.float32) if held is None else held.astype(np.float32),
        reaction=np.zeros(1, np.float32) if held is None else sets.reaction,
    )


def following(sets: Sets, periods: pd.DatetimeIndex, log_price: np.ndarray, promotions: np.ndarray) -> Context:
    """Of the H periods after the history that was fitted, with known prices and promotions, as forecasts need it;
    leading axis H.

    Args:
        periods: [H]. log_price: [S, T] of the history and these periods.
        promotions: [S, T, Q] in the panel's units.
    """
    last = slice(log_price.shape[1] - len(periods), None)
    promoted = (promotions > 0).any(-1)
    z = log_price - sets.reference[:, None]
    past = deals(z, promoted)[:, last, PAST].swapaxes(0, 1)
    regular = np.where(promoted, regular_price(log_price, promoted), -np.inf)[:, last]
    arrays = (np.swapaxes(promotions[:, last], 0, 1), regular.T, past, usual_price(z)[:, last].T)
    return Context(
        season(periods),
        *(values.astype(np.float32) for values in arrays),
        competitor=_moves(sets, None),
        held=np.zeros(len(z), np.float32),
        reaction=np.zeros(1, np.float32),
    )


def _moves(sets: Sets, prices: np.ndarray | None) -> np.ndarray:
    """[S] log of competitor's prices [S] over the usual ones; expected ones where a price or the usual is unknown."""
    if prices is None:
        return np.asarray(sets.competitor_move, np.float32)
    moves = np.log(prices) - sets.competitor
    return np.where(np.isfinite(moves), moves, sets.competitor_move).astype(np.float32)
