"""task=run: the main job, from sales history to a checked joint price vector, with proof and report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jointprice import steps
from jointprice.pricing import refuse_early
from jointprice.report.render import write_report
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read, train, search, judge and write everything; returns the summary."""
    session = open_session(config, output, given)
    prepared = steps.read(session)
    offers = steps.offers_to_train_for(session, prepared)
    refuse_early(config, offers)
    trained = steps.train(session, prepared)
    pricing = steps.price(session, trained.ensemble, offers)
    summary = steps.pricing_summary(session, trained.ensemble, pricing, prepared.market)
    summary |= {
        "inputs": prepared.tables.inputs,
        "warnings": [*prepared.warnings, *steps.losing_scope(session, pricing)],
    }
    with session.stage("report"):
        write_report(session, pricing, session.audit() | summary, trained.ensemble, trained, prepared.panel)
    return session.finish(summary)
