"""task=backtest: rolling-origin forecasts over the end of the history, and their figures; no prices are set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ensemble.backtest import backtest_metrics
from jointprice import steps
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write forecast.csv and metrics.json of all rounds; returns the summary."""
    session = open_session(config, output, given)
    prepared = steps.read(session)
    rounds = []
    with session.stage("backtest", config.backtest.rounds) as advance:
        for one in steps.backtest_rounds(config, prepared):
            rounds.append(one)
            advance(1, f"round {one.number + 1} of {config.backtest.rounds}")
    session.directory.write_csv("forecast.csv", pd.concat([one.forecast.table for one in rounds], ignore_index=True))
    metrics = backtest_metrics(rounds)
    session.directory.write_json("metrics.json", metrics)
    return session.finish(
        {
            "backtest": {"rounds": len(rounds), **metrics["split"]["test"], "naive_wape": metrics["naive"]["wape"]},
            "inputs": prepared.tables.inputs,
            "warnings": prepared.warnings,
        }
    )
