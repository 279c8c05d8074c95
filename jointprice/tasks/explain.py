"""task=explain: why one product's prices are what a finished run proposed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.errors import ConfigError
from jointprice.schema import Config
from jointprice.session import open_session
from jointprice.why import explain_offers, read_run


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Say it on the terminal, and leave it in explanation.json. The summary."""
    if config.run is None:
        raise ConfigError("task=explain needs run=FOLDER, the directory of a finished run that set prices.")
    explained = explain_offers(read_run(config.run, config.data.decimals), config.product, config.store)
    session = open_session(config, output, given)
    session.directory.write_json("explanation.json", {"run": str(config.run), "offers": explained})
    return session.finish({"explanation": explained})
