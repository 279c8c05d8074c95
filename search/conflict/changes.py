"""How a rule must change to give way by some slack, in words. Not for finding the slack."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from search.money import Money
from search.rules.all_or_nothing import AllOrNothing
from search.rules.base import PriceRule, Rule, known_costs
from search.rules.max_change import MaxChange
from search.rules.max_changes import MaxChanges
from search.rules.no_touch import NoTouch
from search.rules.order import Order
from search.rules.price_index import PriceIndex
from search.rules.unit_margin import UnitMargin


def change(rule: Rule, slack: float, offers: pd.DataFrame, prices: np.ndarray, priced: np.ndarray, money: Money) -> str:
    """The change of `rule` that allows the prices [n] of offers [n], of which `priced` [n] are not held; slack in the
    terms of search.conflict.rows."""
    match rule:
        case MaxChange(amount=None):
            return f"percent: {rule.percent:g} -> {_up(rule.percent + 100 * slack, 2):g}"
        case UnitMargin():
            inside = rule.selects(offers) & priced
            net = prices[inside] * float(money.net_share)
            return f"min: {rule.min:g} -> {-_up(-float((1 - known_costs(rule, offers[inside]) / net).min()), 4):g}"
        case PriceIndex():
            ends = [] if rule.min is None else [f"min: {rule.min:g} -> {-_up(slack - rule.min, 4):g}"]
            ends += [] if rule.max is None else [f"max: {rule.max:g} -> {_up(rule.max + slack, 4):g}"]
            return " or ".join(ends)
        case MaxChanges():
            return _more_changes(rule, offers, prices, priced, money)
        case AllOrNothing():
            return f"lets {slack:.1%} of a group's offers stand against the others"
        case Order():
            return f"gives way by up to {slack:.2%} of the dearer price"
        case PriceRule(patterned=False) if not isinstance(rule, NoTouch):
            return f"gives way by up to {slack:.2%} of the current price"
        case _:
            return f"lets off {slack:.1%} of its offers"


def _more_changes(rule: MaxChanges, offers: pd.DataFrame, prices: np.ndarray, priced: np.ndarray, money: Money) -> str:
    changed = priced & (money.minor(prices) != money.minor(offers["current_price"].to_numpy()))
    group = rule.groups(offers)
    sizes = pd.Series(changed[group >= 0]).groupby(group[group >= 0]).agg(["sum", "size"])
    needs = []
    if rule.share is not None:
        most = float((sizes["sum"] / sizes["size"]).max())
        needs += [f"share: {rule.share:g} -> {_up(most, 4):g}"] if most > rule.share else []
    if rule.count is not None:
        most = int(sizes["sum"].max())
        needs += [f"count: {rule.count} -> {most}"] if most > rule.count else []
    return " and ".join(needs)


def _up(number: float, decimals: int) -> float:
    """Rounded up, but for what floats are wrong by."""
    return math.ceil(number * 10**decimals - 1e-6) / 10**decimals
