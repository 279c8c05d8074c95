"""Rules on single prices against other columns once more, on decimals, as in exact_rules. Not for the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from search.exact_rules import Breach, breach_of, number

if TYPE_CHECKING:
    from search.checker import Facts


def no_touch(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    for row in rows[facts.changed[rows]]:
        change = abs(facts.price[row] - facts.current[row])
        yield breach_of(name, facts, row, change, f"price {facts.price[row]} was changed from {facts.current[row]}")


def competitor(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    rivals = facts.column("competitor_price")
    for row in (row for row in rows if rivals[row] is not None):
        price, rival = facts.price[row], rivals[row]
        for side, distance in (("above", price - rival), ("below", rival - price)):
            amount, percent = number(rule, side), number(rule, f"{side}_percent")
            if amount is None and percent is not None:
                amount = rival * percent / 100
            if amount is not None and distance > amount:
                text = f"price {price} is too far {side} the competitor's {rival}"
                yield breach_of(name, facts, row, distance - amount, text)


def minimum_price(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    least = facts.column(rule["column"])
    for row in rows:
        if least[row] is not None and facts.price[row] < least[row]:
            text = f"price {facts.price[row]} is below the {rule['column']} of {least[row]}"
            yield breach_of(name, facts, row, least[row] - facts.price[row], text)


CHECKS = {check.__name__: check for check in (no_touch, competitor, minimum_price)}
