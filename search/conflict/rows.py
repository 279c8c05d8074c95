"""What each rule that does not depend on demand asks of prices, as rows of a programme. Not for solving it.

Slack is measured in the rule's own terms: for limits of prices as a share of the current price, for rules that count
as a share of the offers they count, for an index in its points. To add a rule: its function and its line in ROWS here,
and its kind in DEMAND_FREE.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from search.conflict.pieces import Piece, pieces
from search.conflict.programme import Linear, Programme, total
from search.conflict.situation import Situation
from search.money import exact
from search.rules.all_or_nothing import AllOrNothing
from search.rules.base import NO_HIGH, NO_LOW, JointRule, PriceRule, Rule
from search.rules.max_changes import MaxChanges
from search.rules.order import Order
from search.rules.price_index import PriceIndex
from search.rules.same_price import SamePrice


class Prices:
    """The prices of some offers in a programme.

    Attributes:
        price: by row of a priced offer. change: 1 where it is not the current price.
        other: the price where it is changed, else 0. misfit: (row, pattern) -> 1 where the price need not fit it.
    """

    def __init__(self, programme: Programme, situation: Situation, rows: Sequence[int]):
        self.programme, self.situation, self.rows = programme, situation, list(rows)
        self.price: dict[int, Linear] = {}
        self.change: dict[int, Linear] = {}
        self.other: dict[int, Linear] = {}
        self.misfit: dict[tuple[int, str], Linear] = {}
        for row in self.rows:
            self._choose(row)

    def _choose(self, row: int) -> None:
        situation, current = self.situation, int(self.situation.current[row])
        patterns = [
            rule
            for rule in situation.judged
            if isinstance(rule, PriceRule) and rule.patterned and situation.selected[rule.name][row]
        ]
        low, high = situation.reach(row)
        halves = (low, current - 1), (current + 1, high)  # the current price is no change
        options = [piece for half in halves for piece in pieces(*half, patterns, situation.money)]
        chosen = [self.programme.variable(0, 1, whole=True) for _ in range(len(options) + (current > 0))]
        self.programme.equal(total(chosen), 1)
        changes = chosen[1:] if current > 0 else chosen
        self.other[row] = total(map(self._within, options, changes))
        self.change[row] = total(changes)
        self.price[row] = self.other[row] + (chosen[0] * current if current > 0 else Linear())
        for rule in patterns:
            unfit = [one for piece, one in zip(options, changes, strict=True) if rule.name in piece.broken]
            if not rule.changed_only and not rule.fits(np.array([current]), situation.money)[0]:
                unfit += chosen[: current > 0]
            self.misfit[row, rule.name] = total(unfit)

    def _within(self, piece: Piece, chosen: Linear) -> Linear:
        """The price if the piece is chosen, else 0."""
        if piece.count == 1:
            return chosen * piece.first
        steps = self.programme.variable(0, piece.count - 1, whole=True)
        self.programme.at_most(steps - chosen * (piece.count - 1), 0)
        return chosen * piece.first + steps * piece.step

    def of(self, row: int) -> Linear:
        """The price of an offer, held ones too."""
        return self.price.get(row, Linear(constant=float(self.situation.current[row])))

    def grouped(self, rule: Rule, *, held: bool = False) -> list[list[int]]:
        """Rows of each group that has a priced offer here; with held offers, the group's held ones too."""
        codes = self.situation.groups[rule.name]
        here = [codes[row] for row in self.rows if codes[row] >= 0]
        inside = [set(np.flatnonzero(codes == code)) & set(self.rows) for code in dict.fromkeys(here)]
        whole = [np.flatnonzero((codes == code) & ~self.situation.priced) for code in dict.fromkeys(here)]
        together = zip(inside, whole, strict=True)
        return [[int(row) for row in [*sorted(some), *(rest if held else [])]] for some, rest in together]


def price_rows(rule: PriceRule, prices: Prices) -> None:
    """The limits, and how many offers need not fit the pattern."""
    programme, situation, slack = prices.programme, prices.situation, prices.programme.slack(rule.name)
    inside = [row for row in prices.rows if situation.selected[rule.name][row]]
    size = max(int(situation.selected[rule.name].sum()), 1)
    low, high = (limit[inside] for limit in situation.limits[rule.name])
    exempt = [prices.misfit[row, rule.name] for row in inside] if rule.patterned else []
    for row, least, most in zip(inside, low.tolist(), high.tolist(), strict=True):
        scale = 1.0 / max(int(situation.current[row]), 1)
        if least >= NO_HIGH:  # nothing but the current price
            exempt.append(prices.change[row])
            continue
        price, changed = prices.price[row], Linear(constant=1.0)
        if rule.changed_only:
            price, changed = prices.other[row], prices.change[row]
        if least > NO_LOW:
            programme.at_most((changed * least - price) * scale - slack, 0)
        if most < NO_HIGH:
            programme.at_most((price - changed * most) * scale - slack, 0)
    if exempt:
        programme.at_most(total(exempt) - slack * size, 0)


def same_price_rows(rule: SamePrice, prices: Prices) -> None:
    """One price for each family; slack: the share of the rule's offers that are let off."""
    programme, slack = prices.programme, prices.programme.slack(rule.name)
    exempt = []
    for rows in prices.grouped(rule):
        if len(rows) < 2:
            continue
        reach = [prices.situation.reach(row) for row in rows]
        low, high = min(low for low, _ in reach), max(high for _, high in reach)
        shared = programme.variable(low, high)
        for row in rows:
            off = programme.variable(0, 1, whole=True)
            for difference in (prices.price[row] - shared, shared - prices.price[row]):
                programme.at_most(difference * (1.0 / high) - off, 0)
            exempt.append(off)
    size = max(int((prices.situation.groups[rule.name][prices.situation.priced] >= 0).sum()), 1)
    programme.at_most(total(exempt) - slack * size, 0)


def max_changes_rows(rule: MaxChanges, prices: Prices) -> None:
    for rows in prices.grouped(rule, held=True):
        changes = total(prices.change[row] for row in rows if row in prices.change)
        prices.programme.at_most(changes - prices.programme.slack(rule.name) * len(rows), rule.most(len(rows)))


def all_or_nothing_rows(rule: AllOrNothing, prices: Prices) -> None:
    programme = prices.programme
    for rows in prices.grouped(rule):
        moving, against = programme.variable(0, 1, whole=True), []
        for row in rows:
            off = programme.variable(0, 1)
            for difference in (prices.change[row] - moving, moving - prices.change[row]):
                programme.at_most(difference - off, 0)
            against.append(off)
        programme.at_most(total(against) - programme.slack(rule.name) * len(rows), 0)


def price_index_rows(rule: PriceIndex, prices: Prices) -> None:
    situation = prices.situation
    for rows in prices.grouped(rule, held=True):
        units = np.zeros(len(rows)) if situation.units is None else situation.units[rows]
        turnover = float(units @ situation.current[rows])
        if turnover <= 0:
            continue
        index = total(prices.of(row) * (one / turnover) for row, one in zip(rows, units, strict=True))
        slack = prices.programme.slack(rule.name)
        if rule.max is not None:
            prices.programme.at_most(index - slack, rule.max)
        if rule.min is not None:
            prices.programme.at_most(index * -1.0 - slack, -rule.min)


def order_rows(rule: Order, prices: Prices) -> None:
    situation, here = prices.situation, set(prices.rows)
    weight = rule.weights(situation.offers)
    share, unit = 1 - exact(rule.gap_percent) / 100, 10**situation.money.decimals
    for low, high in situation.pairs[rule.name]:
        if low not in here and high not in here:
            continue
        scale = weight[high] * share * max(int(situation.current[high]), 1)
        left = prices.of(low) * float(weight[low] / scale)
        right = prices.of(high) * float(weight[high] * share / scale)
        slack = prices.programme.slack(rule.name)
        prices.programme.at_most(left - right - slack, -float(exact(rule.gap) * unit / scale))


ROWS: dict[type[JointRule | SamePrice], Callable[..., None]] = {
    SamePrice: same_price_rows,
    MaxChanges: max_changes_rows,
    AllOrNothing: all_or_nothing_rows,
    PriceIndex: price_index_rows,
    Order: order_rows,
}


def build(situation: Situation, rows: Sequence[int], *, apart: bool = False) -> tuple[Programme, Prices]:
    """The programme of these priced offers (row numbers) under all rules that do not depend on demand."""
    programme = Programme(apart=apart)
    prices = Prices(programme, situation, rows)
    for rule in situation.judged:
        if isinstance(rule, PriceRule):
            price_rows(rule, prices)
        else:
            ROWS[type(rule)](rule, prices)
    return programme, prices
