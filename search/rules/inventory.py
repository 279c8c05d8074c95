"""Stock: sell at most what is there, or forbid prices whose expected sales exceed it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from search.rules.base import JointRule, Rule


@dataclass(frozen=True, kw_only=True)
class Inventory(JointRule):
    """mode ``cap_sales``: units sold = min(units, stock), inside the objective, nothing can break it.
    mode ``forbid``: expected units <= stock, per offer."""

    type: ClassVar[str] = "inventory"
    point: ClassVar[str] = "1 % of the stock"
    mode: str = "cap_sales"

    def __post_init__(self) -> None:
        if self.mode not in ("cap_sales", "forbid"):
            raise ValueError(f"mode is cap_sales or forbid, not {self.mode!r}")

    def caps(self, offers: pd.DataFrame) -> np.ndarray:
        """[S] bool, offers whose sales stop at the stock."""
        return self.selects(offers) & (self.mode == "cap_sales")

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        limited = np.isfinite(offers["stock"].to_numpy(np.float64))
        judged = self.selects(offers) & limited & (self.mode == "forbid")
        return np.where(judged, np.arange(len(offers)), -1)

    def excess(self, view: Any) -> Any:
        import jax.numpy as jnp

        stock = view.totals(jnp.where(jnp.isfinite(view.stock), view.stock, 0.0))
        return (view.totals(view.units) - stock) / jnp.maximum(stock, 1.0)

    def text(self) -> str:
        if self.mode == "cap_sales":
            return f"no more is sold than is in stock{self._in_scope()}"
        return f"expected sales within the stock{self._in_scope()}"


def sales_cap(rules: Iterable[Rule], offers: pd.DataFrame) -> np.ndarray:
    """[S] float64, the stock where a rule stops sales there, else inf."""
    capped = np.zeros(len(offers), bool)
    for rule in rules:
        if isinstance(rule, Inventory):
            capped |= rule.caps(offers)
    return np.where(capped, offers["stock"].to_numpy(np.float64), np.inf)
