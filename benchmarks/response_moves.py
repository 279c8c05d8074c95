"""Held-out price moves: which rows are judged, how sales really changed, and how noisy such changes are.

A move is a change of a series' own price between two neighbouring periods, both sold, neither promoted. Its change of
log units is taken net of the period's common effect: the mean change of the series of its category, in all stores,
that were sold and unpromoted in both periods too and kept their price. That carries season, holidays and whatever
else moves a category; what a category's products gain from a rival's move is in it as well. Not for any method.

Sales of zero have no logarithm, and a period without a sale often has no price: both periods need units > 0.
Axes: S series, T periods, N moves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.features import distinct_sets
from data_io.types import SalesPanel

STILL = 0.01  # of the price: series that move less say what the period did to all
LEAST_STILL = 5  # of them in a period and category, or its moves are not judged
LEAST_CHANGES = 50  # of a product from which its noise is its own
ROUNDING = 1e-9


class Moves(NamedTuple):
    """What is judged.

    Attributes:
        panel: with the held-out sales.
        known: periods that methods may learn from.
        row, period: [N] int, series and second period of each move.
        log_move: [N] change of log price.
        actual: [N] change of log units, net of the period's common effect.
        calm: [N] bool, no rival in the choice set changed its promotions.
        still: [S, T] bool, series that kept their price since the period before.
        net: [S, T] change of log units since the period before, net; NaN where there is none.
    """

    panel: SalesPanel
    known: int
    row: np.ndarray
    period: np.ndarray
    log_move: np.ndarray
    actual: np.ndarray
    calm: np.ndarray
    still: np.ndarray
    net: np.ndarray


def find_moves(panel: SalesPanel, first: int, last: int, smallest: float) -> Moves:
    """Moves of at least `smallest` (a share of the price) whose two periods lie in the periods first..last.

    Args:
        first, last: 1-based. Methods may learn from the first - 1 periods before.
    """
    usable = panel.observed & (panel.units > 0) & ~(panel.promotions != 0).any(-1)
    paired = np.zeros_like(usable)
    paired[:, 1:] = usable[:, 1:] & usable[:, :-1]
    log_move = _change(np.log(panel.price))
    moved = np.abs(np.expm1(log_move))
    still = paired & (moved < STILL)
    change = np.where(paired, _change(np.log(np.where(usable, panel.units, 1).astype(np.float64))), np.nan)
    effects = [common_effect(np.nan_to_num(change[:, t]), still[:, t], panel) for t in range(change.shape[1])]
    net = change - np.stack(effects, 1)

    asked = np.zeros(len(panel.periods), bool)
    asked[first:last] = True  # the period before belongs to the window as well
    row, period = np.nonzero(paired & (moved >= smallest - ROUNDING) & np.isfinite(net) & asked)
    calm = ~_promotions_changed(panel)[row, period]
    return Moves(panel, first - 1, row, period, log_move[row, period], net[row, period], calm, still, net)


def common_effect(change: np.ndarray, still: np.ndarray, panel: SalesPanel) -> np.ndarray:
    """[..., S] mean of a period's changes [..., S] over the category's still series [S]; NaN where they are few."""
    category, names = pd.factorize(panel.series["category"])
    members = (category[:, None] == np.arange(len(names))) & still[:, None]
    count = members.sum(0)
    mean = (change @ members) / np.maximum(count, 1)
    return np.where(count >= LEAST_STILL, mean, np.nan)[..., category]


def noise(moves: Moves, count: int, rng: np.random.Generator) -> np.ndarray:
    """[count, N] net changes of log units that products had in known periods without a move of their price, drawn
    with replacement: what a move's change has beside the response. Products with few of them draw from all."""
    product = pd.factorize(moves.panel.series["product"])[0]
    quiet = moves.still & np.isfinite(moves.net) & (np.arange(moves.net.shape[1]) < moves.known)
    values, owner = moves.net[quiet], np.broadcast_to(product[:, None], quiet.shape)[quiet]
    found = np.zeros((count, len(moves.row)))
    for one in np.unique(product[moves.row]):
        own = values[owner == one]
        asked = product[moves.row] == one
        found[:, asked] = rng.choice(own if len(own) >= LEAST_CHANGES else values, (count, int(asked.sum())))
    return found


def _change(values: np.ndarray) -> np.ndarray:
    """[S, T] values less those of the period before, 0 in the first."""
    return np.diff(values, axis=1, prepend=values[:, :1])


def _promotions_changed(panel: SalesPanel) -> np.ndarray:
    """[S, T] whether any promotion in the series' choice set differs from the period before."""
    sets = distinct_sets(panel.series["choice_set"].to_numpy())
    changed = np.zeros((sets.max(initial=-1) + 1, len(panel.periods)), bool)
    differs = (np.diff(panel.promotions, axis=1, prepend=panel.promotions[:, :1]) != 0).any(-1)
    np.logical_or.at(changed, sets, differs)
    return changed[sets]
