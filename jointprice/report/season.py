"""report.html of task=markdown: what the season is expected to bring, every next price, and the way to the end.

Not for deciding (markdown) nor for drawing (task_charts).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from jointprice.report import task_charts
from jointprice.report.formats import Formats
from jointprice.report.page import page, reasons
from jointprice.session import Session

MOST_PATHS = 40
OFFER = ["product", "store"]


class Way(NamedTuple):
    """The way of one offer to its season's end.

    row: of markdown.csv. periods, worths: its rows of markdown_path.csv and markdown_values.csv.
    """

    row: dict[str, Any]
    periods: pd.DataFrame
    worths: pd.DataFrame


def write_season_report(
    session: Session, table: pd.DataFrame, path: pd.DataFrame, values: pd.DataFrame, summary: dict[str, Any]
) -> None:
    """Write report.html from the tables that task=markdown writes."""
    config = session.config
    priced = table[table["status"] == "priced"]
    priced = priced.assign(gain=priced["worth"] - priced["worth_of_holding"])
    priced = priced.sort_values("gain", ascending=False, kind="stable")
    text = page(
        "season.html.j2",
        session,
        summary,
        Formats(config.data.currency, config.data.decimals, "money"),
        rows=priced.to_dict("records"),
        totals=priced[["units", "units_to_end", "left_over", "stock", "gain"]].sum().to_dict(),
        held=reasons(table.loc[table["status"] == "held", "note"]),
        paths=[
            (one, Markup(task_charts.season(one.periods, one.worths, one.row))) for one in _ways(priced, path, values)
        ],
        most_paths=MOST_PATHS,
        sell_through=config.markdown.sell_through,
    )
    session.directory.write_text("report.html", text)


def _ways(priced: pd.DataFrame, path: pd.DataFrame, values: pd.DataFrame) -> list[Way]:
    """Of the first offers: those whose next price matters most."""
    if not len(priced):
        return []
    periods, worths = path.groupby(OFFER, sort=False), values.groupby(OFFER, sort=False)
    rows = priced.head(MOST_PATHS).to_dict("records")
    keys = [tuple(row[name] for name in OFFER) for row in rows]
    return [Way(row, periods.get_group(key), worths.get_group(key)) for row, key in zip(rows, keys, strict=True)]
