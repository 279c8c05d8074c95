"""How the rules moved each price, as rows of the report. Not for what they cost (search.rule_costs)."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from jointprice.report.changes import distinct
from jointprice.rule_costs import WITHOUT, price_chain
from search.rule_costs import RuleCosts

MOST_CHAINS = 40


class Chain(NamedTuple):
    """One product's way from its price now to the new one, in one store or in all where it is the same."""

    product: str
    store: str
    current_price: float
    prices: list[float]
    decided_by: str


class Chains(NamedTuple):
    """rules: those that moved any price, after which `prices` (the first: without rules) are told; more: rows left
    out."""

    rules: list[str]
    rows: list[Chain]
    more: int


def price_chains(answer: pd.DataFrame, costs: RuleCosts, names: list[str]) -> Chains:
    """The priced offers that the rules moved farthest, by the share of the price now."""
    table = price_chain(answer, costs, names)[(answer["status"] == "priced").to_numpy()]
    after = {name: f"after_{name}" for name in names}
    columns = [WITHOUT, *after.values()]
    moving = [name for name, before in zip(names, columns, strict=False) if (table[before] != table[after[name]]).any()]
    steps = [WITHOUT, *(after[name] for name in moving)]
    table = table.assign(farthest=(table[WITHOUT] / table["price"] - 1).abs())
    groups = table[table["farthest"] > 0].groupby(["product", "current_price", *steps], sort=False)
    order = groups["farthest"].max().sort_values(ascending=False, kind="stable").index
    rows = [_chain(key, groups.get_group(key)) for key in order[:MOST_CHAINS]]
    return Chains(moving, rows, max(len(order) - MOST_CHAINS, 0))


def _chain(key: tuple, rows: pd.DataFrame) -> Chain:
    product, current, *prices = key
    return Chain(product, distinct(rows["store"], ", "), current, prices, distinct(rows["decided_by"], ", "))
