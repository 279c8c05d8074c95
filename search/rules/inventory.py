"""Stock: sell at most what is there, or forbid prices whose expected demand exceeds it, of an offer or of a pool.

Not for what a stock lets through: see search.stock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from search.rules.base import JointRule, Linear


@dataclass(frozen=True, kw_only=True)
class Inventory(JointRule):
    """mode ``cap_sales``: sales stop at the stock, inside the objective (search.stock), nothing can break it.
    mode ``forbid``: expected units <= stock.

    Attributes:
        by: offers with the same values of these columns share one stock, which each of them names.
        substitution: who finds an offer sold out may take another, as the demand says.
        salvage: what a unit left over is worth, as a share of its cost; None = it is kept and worth its cost.
        holding_cost: what keeping a unit left over costs, as a share of its cost.
        service_level: least chance, in per cent, that the stock lasts, of offers whose ``dispersion`` is known (of
            others: that the units expected are within it).
    """

    type: ClassVar[str] = "inventory"
    point: ClassVar[str] = "1 % of the stock"
    mode: str = "cap_sales"
    by: tuple[str, ...] = ()
    substitution: bool = True
    salvage: float | None = None
    holding_cost: float = 0.0
    service_level: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in ("cap_sales", "forbid"):
            raise ValueError(f"mode is cap_sales or forbid, not {self.mode!r}")
        if self.service_level is not None and not 0 < self.service_level < 100:
            raise ValueError(f"service_level is a percentage between 0 and 100, not {self.service_level:g}")
        if self.service_level is not None and self.by:
            raise ValueError("service_level is for the stock of one offer, not for a shared one (by)")
        if self.salvage is not None and not 0 <= self.salvage <= 1:
            raise ValueError(f"salvage is a share of the cost from 0 to 1, not {self.salvage:g}")
        if self.holding_cost < 0:
            raise ValueError(f"holding_cost is a share of the cost, not {self.holding_cost:g}")
        if self.holding_cost and self.salvage is None:
            raise ValueError("holding_cost needs salvage, what a unit left over is worth (1 = its cost)")
        if self.mode == "forbid" and (self.salvage is not None or self.service_level is not None):
            raise ValueError("salvage and service_level are for mode: cap_sales")

    @property
    def breakable(self) -> bool:
        """Whether prices can break it."""
        return self.mode == "forbid" or self.service_level is not None

    def pools(self, offers: pd.DataFrame) -> np.ndarray:
        """[S] int64, which stock the offer draws on: its own or, with `by`, a shared one; -1 = none."""
        limited = np.isfinite(offers["stock"].to_numpy(np.float64))
        if self.by:
            pool = self.groups_by(offers, self.by)
            self._refuse_two_stocks(offers, pool)
        else:
            pool = np.where(self.selects(offers), np.arange(len(offers)), -1)
        return np.where(limited, pool, -1)

    def groups(self, offers: pd.DataFrame) -> np.ndarray:
        return np.where(self.breakable, self.pools(offers), -1)

    def aids(self, offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
        """Each offer's even part of what its pool may sell."""
        pool = self.groups(offers)
        size = np.bincount(pool[pool >= 0], minlength=1)[np.maximum(pool, 0)]
        stock = np.where(pool >= 0, offers["stock"].to_numpy(np.float64), 0.0)
        return {"part": self._most_sold(offers, stock) / np.maximum(size, 1)}

    def _most_sold(self, offers: pd.DataFrame, stock: np.ndarray) -> np.ndarray:
        """[S] the stock or, with a service level, the sales at which the stock lasts with just that chance."""
        if self.service_level is None or "dispersion" not in offers.columns:
            return stock
        from search.service import most_sales

        return most_sales(self.service_level / 100, stock, offers["dispersion"].to_numpy(np.float64))

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
        shared = f" that offers of one {', '.join(self.by)} share" if self.by else ""
        if self.mode == "forbid":
            return f"expected sales within the stock{shared}{self._in_scope()}"
        text = f"no more is sold than is in stock{shared}{self._in_scope()}"
        if self.service_level is not None:
            text += f"; the stock lasts with a chance of at least {self.service_level:g} %"
        if self.salvage is not None:
            text += f"; a unit left over is worth {100 * (self.salvage - self.holding_cost):g} % of its cost"
        return text
