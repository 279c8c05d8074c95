"""task=markdown: the next prices of seasonal products that may only become cheaper; to be run again every period."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.frequency import next_period
from jointprice import steps
from jointprice.markdown import mark_down, markdown_rules
from jointprice.markdown_tables import markdown_table, path_table, totals, values_table
from jointprice.report.season import write_season_report
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Learn from past seasons, price the running one, write what it is expected to bring. The summary."""
    markdown_rules(config)
    session = open_session(config, output, given)
    prepared = steps.read(session)
    tables, periods = prepared.tables, prepared.panel.periods
    with session.stage("markdown"):
        found = mark_down(config, tables, periods)
    table, values = markdown_table(found), values_table(found)
    path = path_table(found, periods[-1], tables.frequency)
    for name, rows in {"": table, "_path": path, "_values": values}.items():
        session.directory.write_csv(f"markdown{name}.csv", rows)
    summary = {
        "period": f"{next_period(periods[-1], tables.frequency):%Y-%m-%d}",
        **totals(found),
        "inputs": tables.inputs,
        "warnings": prepared.warnings,
    }
    with session.stage("report"):
        write_season_report(session, table, path, values, session.audit() | summary)
    return session.finish(summary)
