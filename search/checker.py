"""Checks a written answer against the rules as the user wrote them, in exact decimal arithmetic and without JAX.

Shares no code with the rules that the search uses: a mistake there cannot hide here. Not for repairing answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, Inexact, localcontext
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from data_io.query import select
from search import exact_joint, exact_prices, exact_rules, exact_stock
from search.exact_rules import Breach, decimal

CHECKS = exact_rules.CHECKS | exact_prices.CHECKS | exact_joint.CHECKS | exact_stock.CHECKS
DIGITS = 2000  # of intermediate results; anything inexact raises instead of rounding
KEYS = ["product", "store"]

__all__ = ["Breach", "check"]


def check(
    answer: pd.DataFrame,
    offers: pd.DataFrame,
    rules: Sequence[Mapping[str, Any]],
    *,
    scope: str = "product",
    decimals: int = 2,
    tax_rate: float = 0.0,
    fee_rate: float = 0.0,
) -> list[Breach]:
    """Everything in which an answer breaks the rules; an empty list is a proof that it breaks none.

    Args:
        answer: prices.csv: columns product, store, price, units, units_current, status (priced or held).
        offers: Tables.offers, the offers that were to be priced, in any order.
        rules: plain dicts as in rule files.
        scope: search.scope: product, store_product or a column of the offers.
        decimals, tax_rate, fee_rate: of the data.

    Returns:
        Breaches; those of held offers, which keep their price come what may, are marked `held`, those of soft rules
        `soft`. Held offers are exempt from ladder, ending, change and same-price rules and count in portfolio rules.

    Raises:
        ConfigError: a rule's type is unknown here, or the offers lack its column: it could not be checked.
    """
    unknown = [str(rule.get("type")) for rule in rules if rule.get("type") not in CHECKS]
    if unknown:
        raise ConfigError(f"the checker knows no rule {', '.join(unknown)}; nothing was checked.")
    breaches = list(_table_breaches(answer, offers))
    if breaches:
        return breaches
    with localcontext(prec=DIGITS) as context:
        context.traps[Inexact] = True
        facts = Facts(answer, offers, decimals, tax_rate, fee_rate)
        breaches += exact_rules.written_prices(facts)
        everywhere = np.arange(len(facts.price))
        if scope != "store_product":
            breaches += exact_rules.same_price({"by": scope}, "search.scope", facts, everywhere)
        for name, rule in _named(rules):
            rows = everywhere
            if rule.get("scope") is not None:
                rows = np.flatnonzero(select(facts.offers, rule["scope"], where=f"scope of rule {name}"))
            soft = bool(rule.get("soft")) or not rule.get("hard", True)
            breaches += [replace(found, soft=soft) for found in CHECKS[rule["type"]](rule, name, facts, rows)]
    return breaches


class Facts:
    """The answer beside its offers, row by row, numbers as exact decimals; columns are converted when asked for.

    Attributes:
        offers: the offers in the order of the answer.
        price, current: [S] Decimal.
        held: [S] bool. changed: [S] bool, priced and not at the current price.
        decimals, tax_rate, fee_rate: see check; the rates as Decimal.
    """

    def __init__(self, answer: pd.DataFrame, offers: pd.DataFrame, decimals: int, tax_rate: float, fee_rate: float):
        self.offers = answer[KEYS].merge(offers)
        self._answer = answer
        self.decimals, self.tax_rate, self.fee_rate = decimals, decimal(tax_rate), decimal(fee_rate)
        self.price: list[Decimal] = [decimal(price) for price in answer["price"]]
        self.current: list[Decimal] = [decimal(price) for price in self.offers["current_price"]]
        self.held = (answer["status"] == "held").to_numpy()
        same = [self.is_current(row) for row in range(len(self.price))]
        self.changed = ~self.held & ~np.array(same, bool)

    def is_current(self, row: int) -> bool:
        """The price is the current one, as it stands or written with the currency's decimals."""
        price, current = self.price[row], self.current[row]
        return price == current or price == self.rounded(current)

    def rounded(self, price: Decimal) -> Decimal:
        """A price in whole minor units, half to even."""
        return price.scaleb(self.decimals).to_integral_value().scaleb(-self.decimals)

    def place(self, row: int) -> tuple[str, str]:
        """Product and store."""
        return str(self._answer["product"].iat[row]), str(self._answer["store"].iat[row])

    @cached_property
    def units(self) -> list[Decimal | None]:
        """Expected units per offer, None = unknown."""
        return numbers(self._answer["units"])

    @cached_property
    def units_current(self) -> list[Decimal | None]:
        """Expected units at current prices, None = unknown."""
        return numbers(self._answer["units_current"])

    def column(self, name: str) -> list[Decimal | None]:
        """A numeric column of the offers; None where unknown or unlimited."""
        self.require([name])
        try:
            return numbers(self.offers[name])
        except (TypeError, ValueError) as fault:
            raise ConfigError(f"the column {name} must hold numbers to check by: {fault}.") from None

    def require(self, columns: Sequence[str]) -> None:
        """ConfigError where the offers lack a column that a rule is about."""
        missing = [name for name in columns if name not in self.offers.columns]
        if missing:
            there = ", ".join(map(str, self.offers.columns))
            raise ConfigError(f"the offers have no column {', '.join(missing)} to check by. They have: {there}.")


def numbers(column: Iterable[Any]) -> list[Decimal | None]:
    """Decimals, None for NaN and infinities."""
    converted = (decimal(number) for number in column)
    return [number if number.is_finite() else None for number in converted]


def _table_breaches(answer: pd.DataFrame, offers: pd.DataFrame) -> Iterable[Breach]:
    """Rows that are not one per offer, or that no rule could judge."""
    wanted, found = (Counter(map(tuple, table[KEYS].to_numpy())) for table in (offers, answer))
    for product, store in (wanted - found).keys() | (found - wanted).keys():
        times = found[product, store]
        yield Breach("answer", str(product), str(store), float(times), f"the offer stands {times} times, not once")
    price = pd.to_numeric(answer["price"], errors="coerce").to_numpy()
    status = answer["status"].isin(["priced", "held"]).to_numpy()
    for row in np.flatnonzero(~(np.isfinite(price) & (price > 0) & status)):
        product, store, price, status = (answer[key].iat[row] for key in ("product", "store", "price", "status"))
        text = f"price {price} or status {status} is none"
        yield Breach("answer", str(product), str(store), np.nan, text)


def _named(rules: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The rules with their names: the type, with a number from the second of one type on."""
    seen: Counter[str] = Counter()
    for rule in rules:
        kind = rule["type"]
        seen[kind] += 1
        yield (kind if seen[kind] == 1 else f"{kind}_{seen[kind]}"), rule
