"""report.html of task=spend_save: what every "spend X, save Y" would bring. Not for deciding nor for drawing."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from jointprice.report import task_charts
from jointprice.report.formats import Formats
from jointprice.report.page import page
from jointprice.session import Session


def write_basket_report(session: Session, table: pd.DataFrame, summary: dict[str, Any]) -> None:
    """Write report.html from spend_save.csv as a table."""
    config = session.config
    table = table.assign(share=(table["save"] / table["spend"]).round(4))
    rows = table.to_dict("records")
    chosen = next((row for row in rows if row["chosen"]), None)
    text = page(
        "basket_deals.html.j2",
        session,
        summary,
        Formats(config.data.currency, config.data.decimals, "profit"),
        rows=rows,
        chosen=chosen,
        past=config.spend_save.past,
        chart=Markup(task_charts.gains_over_threshold(table, chosen and chosen["spend"])),
    )
    session.directory.write_text("report.html", text)
