"""From settings to tables and a panel; a synthetic market is drawn here, so that later steps see only tables.

Not for reading files: data_io does that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from data_io.errors import ConfigError
from data_io.load import load_tables
from data_io.markets.catalogue import make_market
from data_io.markets.types import Market
from data_io.panel import build_panel
from data_io.settings import DataSettings
from data_io.types import SalesPanel, Tables

TABLES = ("sales", "products", "stores", "offers")


class Prepared(NamedTuple):
    """tables, their panel, and the market where the truth is known."""

    tables: Tables
    panel: SalesPanel
    market: Market | None

    @property
    def warnings(self) -> list[str]:
        """What was treated, in sentences."""
        return [*self.tables.warnings, *self.panel.warnings]


def prepare(settings: DataSettings, given: Mapping[str, Any] | None = None) -> Prepared:
    """Read and lay out the data.

    Args:
        given: DataFrames or paths by table name (sales, products, stores, offers) that go before the settings'.
    """
    given = {name: value for name, value in (given or {}).items() if value is not None}
    unknown = [name for name in given if name not in TABLES]
    if unknown:
        raise ConfigError(f"No table is called {unknown[0]!r}. Tables: {', '.join(TABLES)}.")
    market = None
    if "sales" not in given and settings.source == "synthetic":
        market = make_market(settings.market, settings.variant, settings.market_seed, settings.folder)
        promotion = replace(settings.features, promotion=list(market.promotions))
        settings = replace(settings, features=promotion)
        given = {"sales": market.sales, "products": market.products, "offers": market.offers} | given
    tables = load_tables(settings, **given)
    return Prepared(tables, build_panel(tables, settings), market)
