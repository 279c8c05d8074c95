"""task=forecast: units at known prices and promotions of the next periods, from a saved or a new model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.load import load_future
from ensemble.forecast import forecast
from jointprice import steps
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write forecast.csv for data.future, or for every series at its last price; returns the summary."""
    session = open_session(config, output, given)
    future = session.given.pop("future", None)
    inputs, warnings = {}, []
    if config.model is None:
        prepared = steps.read(session)
        ensemble = steps.train(session, prepared).ensemble
        inputs, warnings = prepared.tables.inputs, prepared.warnings
    else:
        ensemble = steps.load_model(session)
    rows = None
    if future is not None or config.data.future is not None:
        rows = load_future(config.data, ensemble.history, future=future)
    with session.stage("forecast"):
        table = forecast(ensemble, rows).table
    session.directory.write_csv("forecast.csv", table)
    return session.finish(
        {
            "period": str(ensemble.periods[0].date()),
            "forecast": {"rows": len(table), "last_period": str(ensemble.periods[-1].date())},
            "inputs": inputs,
            "warnings": warnings,
        }
    )
