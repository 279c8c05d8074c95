"""task=optimise: prices from a saved model, for the offers given or for the model's own last ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jointprice import steps
from jointprice.report.render import write_report
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Load the model, read the offers, search and write; returns the summary."""
    session = open_session(config, output, given)
    ensemble, offers, inputs, warnings = steps.model_and_offers(session)
    pricing = steps.price(session, ensemble, offers)
    summary = steps.pricing_summary(session, ensemble, pricing, None)
    summary |= {"inputs": inputs, "warnings": [*warnings, *steps.losing_scope(session, pricing)]}
    with session.stage("report"):
        write_report(session, pricing, session.audit() | summary, ensemble)
    return session.finish(summary)
