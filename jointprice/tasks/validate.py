"""task=validate: read and check the data, say what was treated and what can be priced; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ensemble.response.verdicts import verdicts
from jointprice import steps
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns the summary, with counts of what the data holds."""
    session = open_session(config, output, given)
    prepared = steps.read(session)
    tables, panel = prepared.tables, prepared.panel
    found = verdicts(panel)
    session.directory.write_csv("verdicts.csv", found)
    return session.finish(
        {
            "data": {
                "series": len(panel.series),
                "periods": len(panel.periods),
                "first_period": str(panel.periods[0].date()),
                "last_period": str(panel.periods[-1].date()),
                "frequency": panel.frequency,
                "rows": len(tables.sales),
                "offers": len(tables.offers),
                "power": {name: int(count) for name, count in found["power"].value_counts().items()},
            },
            "inputs": tables.inputs,
            "warnings": prepared.warnings,
        }
    )
