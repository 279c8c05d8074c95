"""Stock: sell at most what is there, or forbid prices whose expected demand exceeds it, of an offer or of a pool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from search.rules.base import JointRule, Linear, Rule


@dataclass(frozen=True, kw_only=True)
class Inventory(JointRule):
    """mode ``cap_sales``: sales stop at the stock, inside the objective (search.stock), nothing can break it.
    mode ``forbid``: expected units <= stock, per offer, or per pool: offers with the same values of the columns `by`
    share one stock, which each of them names."""

    type: ClassVar[str] = "inventory"
    point: ClassVar[str] = "1 % of the stock"
    mode: str = "cap_sales"
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode not in ("cap_sales", "forbid"):
            raise ValueError(f"mode is cap_sales or forbid, not {self.mode!r}")
        if self.by and self.mode != "forbid":
            raise ValueError("a stock shared by several offers (by) is kept with mode: forbid")

    def caps(self, offers: pd.DataFrame) -> np.ndarray:
        """[S] bool, offers whose sales stop at the stock."""
        return self.selects(offers) & (self.mode == "cap_sales")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        limited = np.isfinite(offers["stock"].to_numpy(np.float64))
        if self.by:
            pool = self.groups_by(offers, self.by)
            self._refuse_two_stocks(offers, pool)
        else:
            pool = np.where(self.selects(offers), np.arange(len(offers)), -1)
        return np.where(limited & (self.mode == "forbid"), pool, -1)

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        """Each offer's even part of its pool's stock."""
        pool = self.groups(offers)
        size = np.bincount(pool[pool >= 0], minlength=1)[np.maximum(pool, 0)]
        return {"part": np.where(pool >= 0, offers["stock"].to_numpy(np.float64), 0.0) / np.maximum(size, 1)}

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        stock = view.totals(view.aids["part"])
        return (view.totals(view.units) - stock) / jnp.maximum(stock, 1.0)

    def linear(self, view: Any) -> list[Linear]:
        from search.rules.view import sums

        stock = sums(view.aids["part"], view)
        return [Linear(view.units, stock, np.maximum(stock, 1.0))]

    def _refuse_two_stocks(self, offers: pd.DataFrame, pool: np.ndarray) -> None:
        known = offers[["product", "store", "stock"]].assign(pool=pool)[pool >= 0]
        differs = known["stock"] != known.groupby("pool")["stock"].transform("first")
        if not differs.any():
            return
        other = known[differs].iloc[0]
        first = known[known["pool"] == other["pool"]].iloc[0]
        raise ConfigError(
            f"rule {self.name or self.type}: {first['product']} ({first['store']}) and {other['product']} "
            f"({other['store']}) share one stock, but name {first['stock']:g} and {other['stock']:g}. Write the pool's "
            "stock at each of its offers, or leave out `by`."
        )

    def text(self) -> str:
        if self.mode == "cap_sales":
            return f"no more is sold than is in stock{self._in_scope()}"
        shared = f" that offers of one {', '.join(self.by)} share" if self.by else ""
        return f"expected sales within the stock{shared}{self._in_scope()}"


def sales_cap(rules: Iterable[Rule], offers: pd.DataFrame) -> np.ndarray:
    """[S] float64, the stock where a rule stops sales there, else inf."""
    capped = np.zeros(len(offers), bool)
    for rule in rules:
        if isinstance(rule, Inventory):
            capped |= rule.caps(offers)
    return np.where(capped, offers["stock"].to_numpy(np.float64), np.inf)
