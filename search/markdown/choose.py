"""Next prices of all offers together: the most value among the given prices that the rules allow, by HiGHS.

For hard rules that do not depend on demand (search.conflict.situation.DEMAND_FREE). Offers that no rule judges together
are chosen apart. Axes: S offers, K prices of each.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from data_io.errors import InfeasibleError
from search.conflict.find import places_of
from search.conflict.programme import Programme, total
from search.conflict.rows import ROWS, Prices
from search.conflict.situation import Situation
from search.rules.base import PriceRule

SECONDS = 60.0
GAP = 1e-6  # relative, of the value


@dataclass(frozen=True)
class Choice(Situation):
    """A situation in which each price is one of [S, K] minor units."""

    prices: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def reach(self, row: int) -> tuple[int, int]:
        return int(self.prices[row].min()), int(self.prices[row].max())

    @cached_property
    def allowed(self) -> np.ndarray:
        """[S, K] bool: the rules on single prices allow it; of held offers the current price alone."""
        current = self.prices == self.current[:, None]
        fine = np.where(self.priced[:, None], True, current)
        for rule in (rule for rule in self.judged if isinstance(rule, PriceRule)):
            low, high = (limit[:, None] for limit in self.limits[rule.name])
            fits = (self.prices >= low) & (self.prices <= high)
            if rule.patterned:
                fits &= rule.fits(self.prices.ravel(), self.money).reshape(fits.shape)
            fine &= fits | (current & rule.changed_only) | ~self.selected[rule.name][:, None]
        return fine


class _Rungs(Prices):
    """One variable for each price; values become the programme's cost."""

    def __init__(self, programme: Programme, choice: Choice, rows: list[int], values: np.ndarray):
        self.allowed, self.values = choice.allowed, values
        self.chosen: dict[int, list[tuple[int, object]]] = {}
        super().__init__(programme, choice, rows)

    def _choose(self, row: int) -> None:
        prices, current = self.situation.prices[row], int(self.situation.current[row])
        _, first = np.unique(prices, return_index=True)
        rungs = [int(rung) for rung in first if self.allowed[row, rung]]
        chosen = [(rung, self.programme.variable(0, 1, whole=True)) for rung in rungs]
        self.chosen[row] = chosen
        self.programme.equal(total(one for _, one in chosen), 1)
        changed = [(rung, one) for rung, one in chosen if prices[rung] != current]
        self.change[row] = total(one for _, one in changed)
        self.price[row] = total(one * float(prices[rung]) for rung, one in chosen)
        self.other[row] = total(one * float(prices[rung]) for rung, one in changed)

    @property
    def cost(self):
        """What is lost against the best price of every offer."""
        best = {row: max(self.values[row, rung] for rung, _ in every) for row, every in self.chosen.items()}
        return total(
            one * float(best[row] - self.values[row, rung]) for row, every in self.chosen.items() for rung, one in every
        )


def choose(choice: Choice, values: np.ndarray, *, seconds: float = SECONDS) -> np.ndarray:
    """[S] the number of each offer's price: those of the greatest sum of values [S, K].

    Raises:
        InfeasibleError: the rules leave no prices, or none were found in the time.
    """
    until = time.monotonic() + seconds
    empty = np.flatnonzero(~choice.allowed.any(axis=1))
    if len(empty):
        product, store = choice.offers.iloc[empty[0]][["product", "store"]]
        raise InfeasibleError(f"The rules allow no price of the markdown ladder for {product} ({store}).")
    found = np.where(choice.allowed, values, -np.inf).argmax(axis=1)
    joint = [rule for rule in choice.judged if not isinstance(rule, PriceRule)]
    for rows in places_of(choice) if joint else ():
        programme = Programme()
        rungs = _Rungs(programme, choice, rows, values)
        for rule in joint:
            ROWS[type(rule)](rule, rungs)
        names = [rule.name for rule in joint]
        answer = programme.solve(names, seconds=until - time.monotonic(), least=rungs.cost, gap=GAP)
        if answer.values is None:
            raise InfeasibleError("No prices of the markdown ladders keep all rules together.")
        for row, every in rungs.chosen.items():
            found[row] = max(every, key=lambda one: one[1].value(answer.values))[0]
    return found
