"""task=markdown: the next prices of seasonal products that may only become cheaper; to be run again every period."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jointprice import steps
from jointprice.markdown import mark_down, markdown_rules
from jointprice.markdown_tables import markdown_table, path_table, totals, values_table
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
    session.directory.write_csv("markdown.csv", markdown_table(found))
    session.directory.write_csv("markdown_path.csv", path_table(found, periods[-1], tables.frequency))
    session.directory.write_csv("markdown_values.csv", values_table(found))
    return session.finish({**totals(found), "inputs": tables.inputs, "warnings": prepared.warnings})
