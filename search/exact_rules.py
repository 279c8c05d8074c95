"""Every rule once more, on decimals of the written numbers: the checker's arithmetic. Not for the search.

Each function takes (rule as a plain dict, its name, the facts, row numbers in scope) and yields breaches. Divisions
are multiplied out, so nothing is rounded; amounts in breaches are floats for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from search.checker import Facts


@dataclass(frozen=True)
class Breach:
    """One way in which an answer breaks a rule.

    Attributes:
        rule: name of the rule, or ``answer`` and ``search.scope``.
        product, store: the offer; both empty where a whole group breaks the rule.
        amount: by how much, in the rule's own measure.
        text: for people.
        held: the offer (or all of the group) keeps its price, so the breach cannot be mended here.
        soft: the rule is a soft one.
    """

    rule: str
    product: str
    store: str
    amount: float
    text: str
    held: bool = False
    soft: bool = False


def written_prices(facts: Facts) -> Iterator[Breach]:
    """Priced offers have whole minor units; held offers their current price."""
    unit = Decimal(1).scaleb(-facts.decimals)
    for row, price in enumerate(facts.price):
        if facts.held[row] and not facts.is_current(row):
            text = f"held at {price}, not at its current price {facts.current[row]}"
            yield breach_of("answer", facts, row, price - facts.current[row], text)
        if not facts.held[row] and price % unit != 0:
            text = f"price {price} has more than {facts.decimals} decimals"
            yield breach_of("answer", facts, row, price % unit, text)


def bounds(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    lowest, highest = facts.column("min_price"), facts.column("max_price")
    for row in rows:
        price, low, high = facts.price[row], lowest[row], highest[row]
        if low is not None and price < low:
            yield breach_of(name, facts, row, low - price, f"price {price} is below min_price {low}")
        if high is not None and price > high:
            yield breach_of(name, facts, row, price - high, f"price {price} is above max_price {high}")


def max_change(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    percent, amount = number(rule, "percent"), number(rule, "amount")
    for row in rows[facts.changed[rows]]:
        price, current = facts.price[row], facts.current[row]
        change = abs(price - current)
        if percent is not None and change * 100 > current * percent:
            yield breach_of(name, facts, row, change, f"price {price} changes {current} by more than {percent} %")
        if amount is not None and change > amount:
            yield breach_of(name, facts, row, change - amount, f"price {price} changes {current} by more than {amount}")


def observed_range(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    slack = number(rule, "tolerance") or Decimal(0)
    lowest, highest = facts.column("observed_min"), facts.column("observed_max")
    for row in rows[facts.changed[rows]]:
        price, low, high = facts.price[row], lowest[row], highest[row]
        if low is None or high is None:
            change = abs(price - facts.current[row])
            yield breach_of(name, facts, row, change, f"price {price} was changed though no price was observed")
        elif not low * (1 - slack) <= price <= high * (1 + slack):
            beyond = max(low * (1 - slack) - price, price - high * (1 + slack))
            yield breach_of(name, facts, row, beyond, f"price {price} is outside the observed {low} to {high}")


def ladder(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    step, start = number(rule, "step"), number(rule, "from") or Decimal(0)
    listed = {decimal(price) for price in as_list(rule.get("prices"))}
    for row in rows[~facts.held[rows] if rule.get("every") else facts.changed[rows]]:
        price = facts.price[row]
        if price not in listed if step is None else (price - start) % step != 0:
            yield breach_of(name, facts, row, Decimal(1), f"price {price} is not on the ladder")


def ending(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    cents = [int(cent) for cent in as_list(rule["cents"])]
    modulus = 100 if max(cents) > 9 else 10
    for row in rows[~facts.held[rows] if rule.get("every") else facts.changed[rows]]:
        minor = facts.price[row].scaleb(facts.decimals)
        if minor % modulus not in cents:
            text = f"price {facts.price[row]} does not end in {' or '.join(map(str, cents))}"
            yield breach_of(name, facts, row, Decimal(1), text)


def unit_margin(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    least, costs = number(rule, "min"), facts.column("cost")
    for row in rows:
        price, cost = facts.price[row], costs[row]
        if cost is None:
            yield breach_of(name, facts, row, np.nan, "the cost is unknown, so the margin cannot be checked")
            continue
        lacking = cost * (1 + facts.tax_rate) - price * (1 - facts.fee_rate) * (1 - least)
        if lacking > 0:
            yield breach_of(
                name, facts, row, lacking, f"price {price} leaves less than {least} margin over cost {cost}"
            )


def portfolio_margin(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    least, costs = number(rule, "min"), facts.column("cost")
    units = known_units(facts.units, facts, rows)
    if units is None or any(costs[row] is None for row in rows):
        yield group_breach(name, facts, rows, np.nan, "some costs or units are unknown, it cannot be checked")
        return
    revenue = total(units, facts.price, rows) * (1 - facts.fee_rate)
    cost = total(units, costs, rows) * (1 + facts.tax_rate)
    if revenue * (1 - least) < cost:
        margin = 1 - float(cost) / float(revenue)
        yield group_breach(name, facts, rows, float(least) - margin, f"margin {margin:.6f} is below {least}")


def price_index(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    low, high = number(rule, "min"), number(rule, "max")
    for label, group in groups_of(rule.get("by"), facts, rows):
        where = f" of {label}" if label else ""
        units = known_units(facts.units_current, facts, group)
        if units is None:
            text = f"index{where} cannot be checked, some units_current are unknown"
            yield Breach(name, "", "", np.nan, text)
            continue
        priced, held = total(units, facts.price, group), total(units, facts.current, group)
        too_high, too_low = high is not None and priced > high * held, low is not None and priced < low * held
        for broken, side, limit in ((too_high, "above", high), (too_low, "below", low)):
            if broken:
                index = float(priced) / float(held)
                text = f"index{where} is {index:.6f}, {side} {limit}"
                yield group_breach(name, facts, group, abs(index - float(limit)), text)


def same_price(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    for label, group in groups_of(rule["by"], facts, rows[~facts.held[rows]]):
        prices = [facts.price[row] for row in group]
        if min(prices) != max(prices):
            text = f"{label} has several prices, from {min(prices)} to {max(prices)}"
            yield Breach(name, "", "", float(max(prices) - min(prices)), text)


def decimal(number: Any) -> Decimal:
    """The decimal number that a float's shortest text stands for."""
    return Decimal(repr(float(number)))


CHECKS = {
    check.__name__: check
    for check in (
        *(bounds, max_change, observed_range, ladder, ending),
        *(unit_margin, portfolio_margin, price_index, same_price),
    )
}


def known_units(units: list, facts: Facts, rows: np.ndarray) -> list[Decimal] | None:
    """Units of the rows; a held offer without known units sells nothing, for a priced one the answer is None."""
    if any(units[row] is None and not facts.held[row] for row in rows):
        return None
    return [units[row] or Decimal(0) for row in rows]


def total(units: list[Decimal], values: list[Decimal], rows: np.ndarray) -> Decimal:
    return Decimal(sum(map(mul, units, (values[row] for row in rows))))


def groups_of(by: Any, facts: Facts, rows: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Row numbers by the values of the columns, with a label; rows with a blank value are in none."""
    columns = as_list(by)
    if not columns:
        yield "", rows
        return
    facts.require(columns)
    for values, group in facts.offers.iloc[rows].groupby(columns).indices.items():
        label = ", ".join(map(str, values)) if isinstance(values, tuple) else str(values)
        yield label, rows[group]


def breach_of(name: str, facts: Facts, row: int, amount: Decimal | float, text: str) -> Breach:
    return Breach(name, *facts.place(row), float(amount), text, bool(facts.held[row]))


def group_breach(name: str, facts: Facts, rows: np.ndarray, amount: float, text: str) -> Breach:
    return Breach(name, "", "", amount, text, bool(facts.held[rows].all()))


def number(rule: Mapping, key: str) -> Decimal | None:
    return None if rule.get(key) is None else decimal(rule[key])


def as_list(value: Any) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
