"""task=optimise: prices from a saved model, for the offers given or for the model's own last ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.load import load_offers
from jointprice import steps
from jointprice.report.render import write_report
from jointprice.scenario import in_scenario
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Load the model, read the offers, search and write; returns the summary."""
    session = open_session(config, output, given)
    ensemble = steps.load_model(session)
    with session.stage("read"):
        offers, inputs, warnings = load_offers(config.data, ensemble.history, offers=session.given.get("offers"))
    offers = in_scenario(config.scenario, offers, anchored=ensemble.anchor is not None)
    pricing = steps.price(session, ensemble, offers)
    summary = steps.pricing_summary(session, ensemble, pricing, None)
    summary |= {"inputs": inputs, "warnings": [*warnings, *steps.losing_scope(pricing)]}
    with session.stage("report"):
        write_report(session, pricing, session.audit() | summary, ensemble)
    return session.finish(summary)
