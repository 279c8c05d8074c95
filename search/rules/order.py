"""Prices in order: a larger pack's unit price not above the smaller one's, a private label below the brands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from data_io.query import select
from search.money import exact
from search.rules.base import TIGHTENING, JointRule, key_codes

FLOAT_ERROR = 1e-6  # relative, of the fitness's float32: differences this small are decided by `_grain`


@dataclass(frozen=True, kw_only=True)
class Order(JointRule):
    """In every store, and within equal values of `within`: price of one offer + gap <= price of another, less
    gap_percent.

    Which must be the lower one: with `by`, a numeric column, the larger by that column (direction ``not_increasing``)
    or the smaller one (``not_decreasing``), compared by price or, ``per: unit``, by price / `by`; equal and blank
    values are not compared. With the queries `lower` and `upper`, every offer that matches the one is below every
    offer that matches the other; per: unit then needs `by` too. gap is money (per: unit: money per unit of `by`).
    """

    type: ClassVar[str] = "order"
    by: str | None = None
    per: str | None = None
    direction: str = "not_increasing"
    within: tuple[str, ...] = ()
    lower: str | None = None
    upper: str | None = None
    gap: float = 0.0
    gap_percent: float = 0.0

    def __post_init__(self) -> None:
        if (self.lower is None) != (self.upper is None):
            raise ValueError("needs lower and upper together")
        if self.by is None and (self.lower is None or self.per is not None):
            raise ValueError("needs by, a column such as size_ml, or lower and upper without per")
        if self.by is not None and self.lower is not None and self.per is None:
            raise ValueError("takes by beside lower and upper only with per: unit")
        if self.per not in (None, "unit"):
            raise ValueError(f"per is unit or nothing, not {self.per!r}")
        if self.direction not in ("not_increasing", "not_decreasing"):
            raise ValueError(f"direction is not_increasing or not_decreasing, not {self.direction!r}")
        if self.gap < 0 or not 0 <= self.gap_percent < 100:
            raise ValueError("gap must not be negative and gap_percent is from 0 to below 100")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        codes = self._codes(offers)
        compared = np.zeros(len(offers), bool)
        for low, high in self.pairs(offers):
            compared[[low, high]] = True
        return np.where(compared, codes, -1)

    def pairs(self, offers: pd.DataFrame) -> list[tuple[int, int]]:
        """Row numbers of every two offers that are compared: the one that must be lower, and the other."""
        codes = self._codes(offers)
        order = np.argsort(codes, kind="stable")
        order = order[codes[order] >= 0]
        groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
        below = self._below(offers)
        return [(int(low), int(high)) for rows in groups for low, high in below(rows)]

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        """Per pair of which at least one offer is priced: low, high [M] rows, and the terms [M] of
        a × price of low + b - c × price of high, relative to the current price of high, less a slack."""
        pairs = [pair for pair in self.pairs(offers) if decision[list(pair)].max() >= 0]
        current = [exact(price) for price in offers["current_price"]]
        weight = self.weights(offers)
        share, unit = 1 - exact(self.gap_percent) / 100, Fraction(1, 10**decimals)
        rows, terms = np.array(pairs, np.int64).reshape(-1, 2), []
        for low, high in pairs:
            a, b, c = weight[low], exact(self.gap), weight[high] * share
            steps = (current[row] if decision[row] < 0 else unit for row in (low, high))
            scale = c * (current[high] or unit)
            grain = _grain(*(factor * step for factor, step in zip((a, c), steps, strict=True)), b) / scale
            slack = FLOAT_ERROR if grain > 2 * FLOAT_ERROR else -FLOAT_ERROR
            terms.append([float(a / scale), float(b / scale) - slack, float(c / scale)])
        terms = np.array(terms, np.float64).reshape(-1, 3)
        return {"low": rows[:, 0], "high": rows[:, 1], "a": terms[:, 0], "b": terms[:, 1], "c": terms[:, 2]}

    def excess(self, view: Any) -> Any:
        """The sum of a group's breaches; where there is none, the pair nearest to its edge."""
        import jax
        import jax.numpy as jnp

        aids = view.aids
        over = aids["a"] * view.prices[:, aids["low"]] + aids["b"] - aids["c"] * view.prices[:, aids["high"]]
        group = view.group[aids["low"]]
        broken = jax.ops.segment_sum(jnp.maximum(over, 0.0).T, group, view.size).T
        nearest = jax.ops.segment_max(over.T, group, view.size).T
        return jnp.where(broken > 0, broken, nearest) - TIGHTENING  # `_grain` decides at the edge

    def text(self) -> str:
        gaps = [f"{self.gap:g}"] * bool(self.gap) + [f"{self.gap_percent:g} %"] * bool(self.gap_percent)
        gap = f" by at least {' and '.join(gaps)}" if gaps else ""
        price = f"price per {self.by}" if self.per else "price"
        within = f" within {', '.join(self.within)}" if self.within else ""
        if self.lower is not None:
            return f"{price} where {self.lower} below that where {self.upper}{gap}{within}{self._in_scope()}"
        return f"{price} {self.direction.replace('_', ' ')} in {self.by}{gap}{within}{self._in_scope()}"

    def _codes(self, offers: pd.DataFrame) -> np.ndarray:
        codes = key_codes(offers, ("store", *self.within), f"rule {self.name or self.type}")
        return np.where(self.selects(offers), codes, -1)

    def _below(self, offers: pd.DataFrame) -> Any:
        """From the rows [n] of a group to its pairs."""
        if self.lower is not None:
            where = f"rule {self.name or self.type}"
            lower, upper = (select(offers, query, where=where) for query in (self.lower, self.upper))
            if self.per:
                known = self._sizes(offers) > 0
                lower, upper = lower & known, upper & known
            return lambda rows: ((x, y) for x in rows[lower[rows]] for y in rows[upper[rows]] if x != y)
        size = self._sizes(offers) * (1 if self.direction == "not_increasing" else -1)
        return lambda rows: ((x, y) for x in rows for y in rows if size[x] > size[y])

    def _sizes(self, offers: pd.DataFrame) -> np.ndarray:
        key_codes(offers, self.by, f"rule {self.name or self.type}")
        sizes = pd.to_numeric(offers[self.by], errors="coerce").to_numpy(np.float64)
        unread = offers[self.by].notna().to_numpy() & ~np.isfinite(sizes)
        bad = (unread | (sizes <= 0)) & self.selects(offers) if self.per else unread & self.selects(offers)
        if bad.any():
            value = offers[self.by].iloc[int(np.flatnonzero(bad)[0])]
            kind = "positive numbers" if self.per else "numbers"
            raise ConfigError(
                f"rule {self.name or self.type}: the column {self.by} must hold {kind}, not {str(value)!r}."
            )
        return sizes

    def weights(self, offers: pd.DataFrame) -> list[Fraction]:
        """What a price counts in a comparison: 1, or 1 over the size; 0 where it is not compared."""
        if not self.per:
            return [Fraction(1)] * len(offers)
        return [1 / exact(size) if size > 0 else Fraction(0) for size in self._sizes(offers)]


def _grain(*steps: Fraction) -> Fraction:
    """The greatest number of which all the steps are multiples: sums of multiples of them differ by that or more."""
    least = math.lcm(*(step.denominator for step in steps))
    return Fraction(math.gcd(*(int(step * least) for step in steps)), least)
