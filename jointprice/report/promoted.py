"""report.html of task=promote: the deals, where their gain comes from, and what they take from later and from others.

Not for deciding (promotions) nor for drawing (task_charts).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from jointprice.report import task_charts
from jointprice.report.formats import Formats
from jointprice.report.page import page, reasons
from jointprice.session import Session

PARTS = ("profit_now", "pull_forward", "cannibalisation", "halo")


def write_promotions_report(session: Session, table: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write report.html from promotions.csv as a table."""
    config = session.config
    dealt = table[table["status"] == "deal"].sort_values("gain", ascending=False, kind="stable")
    by_deal = dealt.groupby(["mechanic", "depth_pct"])[[*PARTS, "gain", "discount"]].sum()
    by_deal.insert(0, "count", dealt.groupby(["mechanic", "depth_pct"]).size())
    text = page(
        "promoted.html.j2",
        session,
        summary,
        Formats(config.data.currency, config.data.decimals, config.objective.name),
        rows=dealt.to_dict("records"),
        parts={name: float(dealt[name].sum()) for name in PARTS},
        cost=float(config.promotions.cost * len(dealt)),
        by_deal=by_deal.reset_index().to_dict("records"),
        held=reasons(table.loc[table["status"] == "held", "note"]),
        chart=Markup(task_charts.stacked(by_deal[list(PARTS)])) if len(by_deal) else None,
        objective=config.objective.name,
    )
    session.directory.write_text("report.html", text)
