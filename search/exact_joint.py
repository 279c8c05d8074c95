"""Rules between offers once more, on decimals of the written numbers, as in exact_rules. Not for the search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from data_io.query import select
from search.exact_rules import Breach, as_list, group_breach, groups_of, known_units, number, total

if TYPE_CHECKING:
    from search.checker import Facts


def max_changes(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    share, count = number(rule, "share"), number(rule, "count")
    for label, group in groups_of(rule.get("by"), facts, rows):
        changed, where = int(facts.changed[group].sum()), f" of {label}" if label else ""
        by_share = None if share is None else share * len(group)
        most = min(limit for limit in (by_share, count) if limit is not None)
        if Decimal(changed) > most:
            text = f"{changed} of {len(group)} prices{where} change, more than {most}"
            yield Breach(name, "", "", float(changed - most), text)


def all_or_nothing(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    for label, group in groups_of(rule.get("by"), facts, rows[~facts.held[rows]]):
        changed, where = int(facts.changed[group].sum()), f" of {label}" if label else ""
        if 0 < changed < len(group):
            few = min(changed, len(group) - changed)
            text = f"{changed} of {len(group)} prices{where} change, neither all nor none"
            yield Breach(name, "", "", few / len(group), text)


def order(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    gap, percent = number(rule, "gap") or Decimal(0), number(rule, "gap_percent") or Decimal(0)
    sizes = facts.column(rule["by"]) if rule.get("by") else None
    chosen = None
    if rule.get("lower") is not None:
        chosen = [select(facts.offers, rule[key], where=f"rule {name}") for key in ("lower", "upper")]
    if sizes is not None:
        rows = rows[[sizes[row] is not None for row in rows]]
    for _, group in groups_of(["store", *as_list(rule.get("within"))], facts, rows):
        for low, high in _ordered(rule, group, sizes, chosen):
            left, right = facts.price[low], facts.price[high] * (100 - percent) / 100
            if rule.get("per") == "unit":  # multiplied by both sizes
                left, right = left * sizes[high], right * sizes[low]
                over = left + gap * sizes[low] * sizes[high] - right
            else:
                over = left + gap - right
            if over > 0:
                row, held = (high if facts.held[low] else low), bool(facts.held[[low, high]].all())
                product = facts.place(low)[0]
                text = f"price {facts.price[low]} of {product} is too high beside {facts.price[high]} of "
                text += facts.place(high)[0]
                yield Breach(name, *facts.place(row), float(over) / float(right), text, held)


def _ordered(rule: Mapping, group: np.ndarray, sizes: list | None, chosen: list | None) -> Iterator[tuple[int, int]]:
    """Row numbers of an offer that must be lower, and of the one that it must be below."""
    if chosen is not None:
        low, high = (group[rows[group]] for rows in chosen)
        yield from ((x, y) for x in low for y in high if x != y)
        return
    pairs = ((small, large) for small in group for large in group if sizes[small] < sizes[large])
    yield from pairs if rule.get("direction") == "not_decreasing" else ((large, small) for small, large in pairs)


def min_total(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    least, share, revenue = number(rule, "min"), number(rule, "share"), rule["of"] == "revenue"
    for label, group in groups_of(rule.get("by"), facts, rows):
        units, before = (known_units(sold, facts, group) for sold in (facts.units, facts.units_current))
        where = f" of {label}" if label else ""
        if units is None or before is None:
            text = f"total {rule['of']}{where} cannot be checked, some units are unknown"
            yield Breach(name, "", "", np.nan, text)
            continue
        one = [Decimal(1)] * len(facts.price)
        new = total(units, facts.price if revenue else one, group)
        held = total(before, facts.current if revenue else one, group)
        tax = 1 + facts.tax_rate if revenue else Decimal(1)  # floors are net of it, the totals here are not
        needs = max(floor for floor in (least and least * tax, share and share * held, Decimal(0)) if floor is not None)
        if new < needs:
            text = f"total {rule['of']}{where} of {float(new):.6g} is below {float(needs):.6g}"
            yield group_breach(name, facts, group, 1 - float(new) / float(needs), text)


CHECKS = {check.__name__: check for check in (max_changes, all_or_nothing, order, min_total)}
