"""report.html of task=stock: what to buy, what it is expected to bring, and units and profit over price and stock.

Not for deciding (stock) nor for drawing (task_charts).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from jointprice.report import task_charts
from jointprice.report.formats import Formats
from jointprice.report.page import page, reasons
from jointprice.session import Session
from jointprice.stock import BEST

MOST_PRODUCTS = 40


def write_buying_report(session: Session, table: pd.DataFrame, surface: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write report.html from stock.csv and stock_profit.csv as tables."""
    config = session.config
    known = table[table["stock"].notna()].sort_values("profit", ascending=False, kind="stable")
    cost = known["stock"] * known["cost"]
    largest = surface[surface["stock_for"] == BEST].groupby("product", sort=False)["profit"].max()
    shown = largest.sort_values(ascending=False, kind="stable").index[:MOST_PRODUCTS]
    text = page(
        "buying.html.j2",
        session,
        summary,
        Formats(config.data.currency, config.data.decimals, "profit"),
        rows=known.assign(bought_for=cost).to_dict("records"),
        bought_for=float(cost.sum()),
        unknown=reasons(table.loc[table["stock"].isna(), "note"]),
        products=[(name, *_drawn(name, surface[surface["product"] == name])) for name in shown],
        most_products=MOST_PRODUCTS,
        settings=config.stock,
    )
    session.directory.write_text("report.html", text)


def _drawn(product: str, surface: pd.DataFrame) -> tuple[dict[str, Any], Markup]:
    """The row of a product at the price found and its best stock, and the chart of all its rows."""
    own = surface[surface["price_factor"] == 1.0]
    best = own[own["stock_for"] == BEST].iloc[0].to_dict()
    return best, Markup(task_charts.buying(product, surface, own, best))
