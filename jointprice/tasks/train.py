"""task=train: from sales history to a saved model with its figures; no prices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jointprice import steps
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read, train and save; returns the summary."""
    session = open_session(config, output, given)
    prepared = steps.read(session)
    steps.train(session, prepared)
    return session.finish({"inputs": prepared.tables.inputs, "warnings": prepared.warnings})
