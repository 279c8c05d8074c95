"""The rule on stock once more, on decimals of the written numbers, as in exact_rules. Not for the search.

A service level is about counts: how many may be expected to be sold so that the stock lasts is worked out from the
negative binomial's own probabilities, one by one, and compared to the decimals that units are written with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.stats import nbinom

from search.exact_rules import Breach, breach_of, group_breach, groups_of, known_units, number

if TYPE_CHECKING:
    from search.checker import Facts

WRITTEN = Decimal("0.000001")  # of units


def inventory(rule: Mapping, name: str, facts: Facts, rows: np.ndarray) -> Iterator[Breach]:
    """In both modes the units written are expected sales and so at most the stock; with `by`, one of the pool's."""
    stock = facts.column("stock")
    if rule.get("by"):
        yield from stock_pool(rule, name, facts, rows, stock)
        return
    for row in rows:
        units = facts.units[row]
        if stock[row] is not None and units is not None and units > stock[row]:
            text = f"expected units {units} exceed the stock of {stock[row]}"
            yield breach_of(name, facts, row, units - stock[row], text)
    if rule.get("service_level") is not None and "dispersion" in facts.offers.columns:
        yield from service_level(number(rule, "service_level"), name, facts, rows, stock)


def service_level(percent: Decimal, name: str, facts: Facts, rows: np.ndarray, stock: list) -> Iterator[Breach]:
    dispersion = facts.column("dispersion")
    for row in rows:
        units, phi = facts.units[row], dispersion[row]
        if stock[row] is None or units is None or phi is None:
            continue
        most = most_expected(float(percent) / 100, stock[row], float(phi))
        if units > Decimal(most) + WRITTEN:  # pragma: no mutate
            text = f"expected units {units} of a stock of {stock[row]} are more than the {most:.6f} at which it lasts "
            yield breach_of(name, facts, row, float(units) - most, f"{text}with a chance of {percent} %")


def most_expected(chance: float, stock: Decimal, dispersion: float) -> float:
    """Expected sales from the stock where counts, Var = μ + φ μ², stay within it with this chance."""
    shape, whole = 1 / max(dispersion, 1e-6), int(stock)

    def success(log_mean: float) -> float:
        return shape / (shape + np.exp(log_mean))

    ends = -30, 30  # pragma: no mutate
    log_mean = brentq(lambda place: nbinom.cdf(whole, shape, success(place)) - chance, *ends)
    beyond = nbinom.sf(np.arange(whole + 1), shape, success(log_mean))
    return float(beyond[:-1].sum() + float(stock - whole) * beyond[-1])


def stock_pool(rule: Mapping, name: str, facts: Facts, rows: np.ndarray, stock: list) -> Iterator[Breach]:
    for label, group in groups_of(rule["by"], facts, rows):
        known = [stock[row] for row in group if stock[row] is not None]
        if not known:
            continue
        shared, units = min(known), known_units(facts.units, facts, group)
        if units is None:
            yield Breach(name, "", "", np.nan, f"the stock of {label} cannot be checked, some units are unknown")
        elif sum(units) > shared:
            text = f"expected units {sum(units)} of {label} exceed their stock of {shared}"
            yield group_breach(name, facts, group, float(sum(units) - shared), text)


CHECKS = {"inventory": inventory}
