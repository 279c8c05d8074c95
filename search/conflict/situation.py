"""What a search for conflicts starts from: offers, rules, and what rules say of each offer. Not for programmes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from search.ladders import WIDEST_MOVE
from search.money import Money
from search.rules.all_or_nothing import AllOrNothing
from search.rules.base import NO_HIGH, NO_LOW, PriceRule, Rule
from search.rules.max_changes import MaxChanges
from search.rules.order import Order
from search.rules.price_index import PriceIndex
from search.rules.same_price import SamePrice

DEMAND_FREE = (PriceRule, SamePrice, MaxChanges, AllOrNothing, PriceIndex, Order)
"""Kinds of rules that prices alone keep or break, at the units sold today."""


@dataclass(frozen=True)
class Situation:
    """What is to be priced; S offers, prices in minor units.

    Attributes:
        offers: [S] rows with the columns of Tables.offers.
        rules: the hard rules, with names.
        priced: [S] bool, the others keep their price.
        money: how prices are written.
        units: [S] expected units at current prices; None where no rule asks for them.
    """

    offers: pd.DataFrame
    rules: tuple[Rule, ...]
    priced: np.ndarray
    money: Money
    units: np.ndarray | None = None

    @cached_property
    def current(self) -> np.ndarray:
        """[S] int64."""
        return self.money.minor(self.offers["current_price"].to_numpy())

    @cached_property
    def judged(self) -> tuple[Rule, ...]:
        """The rules that do not depend on demand."""
        return tuple(rule for rule in self.rules if isinstance(rule, DEMAND_FREE))

    @cached_property
    def selected(self) -> dict[str, np.ndarray]:
        """[S] bool by rule: priced offers in the scope."""
        return {rule.name: rule.selects(self.offers) & self.priced for rule in self.judged}

    @cached_property
    def limits(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Lowest and highest prices [S] by price rule, open outside the scope."""
        return {rule.name: self._limits(rule) for rule in self.judged if isinstance(rule, PriceRule)}

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """[S] int64 by joint rule, -1 = none; the offers of one number are judged together."""
        return {
            rule.name: rule.families(self.offers) if isinstance(rule, SamePrice) else rule.groups(self.offers)
            for rule in self.judged
            if not isinstance(rule, PriceRule)
        }

    @cached_property
    def pairs(self) -> dict[str, list[tuple[int, int]]]:
        """Pairs of rows by rule of order, of which at least one is priced."""
        return {
            rule.name: [pair for pair in rule.pairs(self.offers) if self.priced[list(pair)].any()]
            for rule in self.judged
            if isinstance(rule, Order)
        }

    def reach(self, row: int) -> tuple[int, int]:
        """The least and the greatest price worth looking at: the search's own, or where some rule's limit lies."""
        lows = [int(low[row]) for low, _ in self.limits.values() if NO_LOW < low[row] < NO_HIGH]
        highs = [int(high[row]) for _, high in self.limits.values() if NO_LOW < high[row] < NO_HIGH]
        current = int(self.current[row])
        lowest = min([int(min(current, *highs, current) / WIDEST_MOVE), *lows])
        return max(lowest, 1), int(max([max(current, *lows, current) * WIDEST_MOVE, *highs]))

    def _limits(self, rule: PriceRule) -> tuple[np.ndarray, np.ndarray]:
        size, chosen = len(self.offers), self.selected[rule.name]
        low, high = np.full(size, NO_LOW, np.int64), np.full(size, NO_HIGH, np.int64)
        low[chosen], high[chosen] = rule.limits(self.offers[chosen], self.money)
        return low, high
