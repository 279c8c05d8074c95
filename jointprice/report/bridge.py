"""From the objective at current prices to that at the proposed ones, in steps that add up. Not for formatting.

Axes: K members, S offers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from jointprice.promise import unit_values
from jointprice.report.curves import MOST_CELLS
from search.evaluate import sold_units
from search.types import PricingProblem

MOST_CANDIDATES = 400  # products whose own response is asked one by one
LARGE = 0.2  # share of the price from which a change is called large


class Bridge(NamedTuple):
    """Money per period (units where they are the objective), means over members.

    price: what the new prices bring on today's units. volume: what products lose or gain in units by their own price,
    at the new margin. others: what they gain or lose through other products' prices (cannibalisation, where negative).
    before + price + volume + others = after; volume holds both where there are too many products to tell them apart,
    and others is then None.
    """

    before: float
    price: float
    volume: float
    others: float | None
    after: float


class Counts(NamedTuple):
    """Priced offers that go up, down, stay, change by more than LARGE, and lie at an end of the prices allowed to them;
    the change of the objective that those at an end bring."""

    up: int
    down: int
    same: int
    large: int
    at_end: int
    gain_at_end: float


def bridge(problem: PricingProblem, prices: np.ndarray) -> Bridge:
    """The way from holding prices to `prices` [S], in the model."""
    current = problem.current
    worth, worth_before = unit_values(problem, prices), unit_values(problem, current)
    units, units_before = sold_units(problem, np.stack([prices, current])).mean(axis=0)
    before, after = float(units_before @ worth_before), float(units @ worth)
    price = float(units_before @ (worth - worth_before))
    moved = problem.offers["product"][prices != current].unique()
    if len(moved) > MOST_CANDIDATES:
        return Bridge(before, price, after - before - price, None, after)
    own = _own_units(problem, prices, moved, units_before)
    volume = float((own - units_before) @ worth)
    return Bridge(before, price, volume, after - before - price - volume, after)


def _own_units(problem: PricingProblem, prices: np.ndarray, moved: Sequence[str], held: np.ndarray) -> np.ndarray:
    """[S] units of every offer when of all prices only its own product's change; `held` [S] where it does not."""
    own, names = held.copy(), problem.offers["product"].to_numpy()
    together = int(np.clip(MOST_CELLS // max(len(prices), 1), 1, max(len(moved), 1)))
    for start in range(0, len(moved), together):
        batch = list(moved[start : start + together])
        batch += batch[:1] * (together - len(batch))  # of one shape, so that it compiles once
        inside = names == np.array(batch, object)[:, None]
        units = sold_units(problem, np.where(inside, prices, problem.current)).mean(axis=0)
        row, offer = np.nonzero(inside)
        own[offer] = units[row, offer]
    return own


def counts(problem: PricingProblem, answer: pd.DataFrame, gain: np.ndarray) -> Counts:
    """Of the written answer, whose change of the objective per offer is gain [S]."""
    priced = problem.decision >= 0
    change = (answer["price"] / answer["current_price"] - 1).to_numpy(np.float64)[priced]
    decision = problem.decision[priced]
    last = problem.rungs[decision] - 1
    ends = problem.ladder[decision, 0], problem.ladder[decision, last]
    price = answer["price"].to_numpy(np.float64)[priced]
    near = 0.5 / 10**problem.decimals
    at_end = (last > 0) & ((np.abs(price - ends[0]) < near) | (np.abs(price - ends[1]) < near))
    return Counts(
        up=int((change > 0).sum()),
        down=int((change < 0).sum()),
        same=int((change == 0).sum()),
        large=int((np.abs(change) > LARGE).sum()),
        at_end=int(at_end.sum()),
        gain_at_end=float(np.nansum(gain[priced][at_end])),
    )
