"""What a rule is: the two families that the search knows. Not for any particular rule, they have a file each.

A PriceRule judges one price at a time and is compiled into the ladders of allowed prices before the search. A
JointRule judges a whole price vector and is evaluated for every candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from search.money import Money

if TYPE_CHECKING:
    from search.rules.view import View

NO_LOW = 0
NO_HIGH = np.iinfo(np.int64).max // 4
TIGHTENING = 1e-5
"""Joint rules are held this much inside their edge: the checker's arithmetic is exact, the fitness's is float32,
and within 1e-6 of an edge vectors pass one and fail the other."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Base of all rules. Subclasses add their numbers as fields, named as in the YAML of rule files.

    Attributes:
        type: name of the kind of rule, as in rule files.
        name: the type, with a number appended where several rules have one type.
        scope: query on the offers' columns; the rule holds for the offers that match. None = all.
        hard: must hold in every answer.
    """

    type: ClassVar[str]
    name: str = ""
    scope: str | None = None
    hard: bool = True

    def selects(self, offers: pd.DataFrame) -> np.ndarray:
        """[S] bool, the offers in the rule's scope."""
        if self.scope is None:
            return np.ones(len(offers), bool)
        from data_io.query import select

        return np.asarray(select(offers, self.scope, where=f"scope of rule {self.name or self.type}"), bool)

    def text(self) -> str:
        """The rule in words, for people."""
        raise NotImplementedError

    def _in_scope(self) -> str:
        return "" if self.scope is None else f" where {self.scope}"


@dataclass(frozen=True, kw_only=True)
class PriceRule(Rule):
    """A rule on single prices: an interval per offer, a pattern of allowed prices, or both.

    Attributes:
        changed_only: the current price is always allowed; only changed prices are judged.
        patterned: `fits` refuses some prices whatever the offer.
    """

    changed_only: ClassVar[bool] = False
    patterned: ClassVar[bool] = False

    def limits(self, offers: pd.DataFrame, money: Money) -> tuple[np.ndarray, np.ndarray]:
        """The allowed interval of each offer [n]: lowest and highest minor units, int64, inclusive, exact."""
        return np.full(len(offers), NO_LOW, np.int64), np.full(len(offers), NO_HIGH, np.int64)

    def fits(self, minor: np.ndarray, money: Money) -> np.ndarray:
        """Minor units [...] -> bool [...], whether the pattern has them."""
        return np.ones(np.shape(minor), bool)

    def points(self, low: int, high: int, money: Money) -> np.ndarray:
        """All minor units of the pattern in [low, high], ascending. Only for patterned rules."""
        raise NotImplementedError

    def allows(self, offers: pd.DataFrame, prices: np.ndarray, money: Money | None = None) -> np.ndarray:
        """Which prices [n, L] are allowed for the offers [n], all of them in scope -> bool [n, L]."""
        money = money or Money()
        minor = money.minor(prices)
        low, high = self.limits(offers, money)
        allowed = (minor >= low[:, None]) & (minor <= high[:, None]) & self.fits(minor, money)
        if self.changed_only:
            allowed |= minor == money.minor(offers["current_price"].to_numpy())[:, None]
        return allowed


@dataclass(frozen=True, kw_only=True)
class JointRule(Rule):
    """A rule on whole price vectors, judged in groups of offers.

    Attributes:
        priority: of a soft rule (hard is False): its violation, summed over groups, is made as small as the hard rules
            and the soft ones of smaller numbers allow, before the objective is looked at.
        price_per_unit: of a soft rule without priority: what a violation of 1 (100 %) costs in the objective.
        point: what an excess of 0.01 is, in words; "" where more room does not pay little by little.
        of_revenue: excess is a share of (about) the revenue of its group's offers, so that breaches have a worth.
    """

    point: ClassVar[str] = ""
    of_revenue: ClassVar[bool] = False
    priority: int | None = None
    price_per_unit: float | None = None

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        """[S] int64, the group that judges the offer, -1 = none. Numbers need not be consecutive."""
        return np.where(self.selects(offers), 0, -1)

    def groups_by(self, offers: pd.DataFrame, by: tuple[str, ...]) -> np.ndarray:
        """`groups` of a rule whose groups share the values of these columns; without any, one group."""
        codes = key_codes(offers, by, f"rule {self.name or self.type}") if by else 0
        return np.where(self.selects(offers), codes, -1)

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        """What `excess` needs beside the candidates, by name: arrays that the compiled code takes as arguments.

        offers [S] with decision [S] (-1 = held), prices in so many decimals.
        """
        return {}

    def excess(self, view: View) -> Any:
        """[P, G] signed relative amounts by which candidates break the rule; positive = broken."""
        raise NotImplementedError

    def linear(self, view: View) -> list[Linear]:
        """The rule as sums over offers, for the bound; [] where it is none. `view` holds numpy arrays [M or 1, L, S],
        the offers' rungs at M values of their price index, where candidates have [P, S]."""
        return []


class Linear(NamedTuple):
    """Sums of amounts [M or 1, L, S] over each group's offers are at most limits [G]; an excess of 1 is `whole` [G]."""

    amounts: np.ndarray
    limits: np.ndarray
    whole: np.ndarray


def key_codes(offers: pd.DataFrame, by: str | tuple[str, ...], where: str) -> np.ndarray:
    """[S] int64, one number per value of the column (or combination of columns); -1 where any of them is blank.

    Raises:
        ConfigError: the offers have no such column.
    """
    columns = [by] if isinstance(by, str) else list(by)
    missing = [column for column in columns if column not in offers.columns]
    if missing:
        raise ConfigError(
            f"{where}: the offers have no column {', '.join(map(repr, missing))}. They have: "
            f"{', '.join(map(str, offers.columns))}."
        )
    blank = offers[columns].isna().any(axis=1).to_numpy()
    codes = offers.groupby(columns, sort=False, dropna=False).ngroup().to_numpy(np.int64)
    return np.where(blank, -1, codes)


def known_costs(rule: Rule, offers: pd.DataFrame) -> np.ndarray:
    """[n] float64, the offers' costs.

    Raises:
        ConfigError: some are unknown, so the rule cannot be checked.
    """
    cost = offers["cost"].to_numpy(np.float64)
    unknown = offers.loc[np.isnan(cost), ["product", "store"]]
    if len(unknown):
        first = ", ".join(f"{product} ({store})" for product, store in unknown.head(3).itertuples(index=False))
        raise ConfigError(
            f"rule {rule.name or rule.type}: {len(unknown)} of its offers have no cost, e.g. {first}. "
            "Fill the column cost or narrow the rule's scope."
        )
    return cost
