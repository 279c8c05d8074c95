"""task=promote: which offers get which deal in the next period, judged by all periods that it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jointprice import steps
from jointprice.promotion_tables import promotions_table, totals
from jointprice.promotions import promote, refuse_unready
from jointprice.report.promoted import write_promotions_report
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Train or load, choose the deals, and write what each brings. The summary."""
    session = open_session(config, output, given)
    if config.model is None:
        prepared = steps.read(session)
        offers, inputs, warnings = (
            steps.offers_to_train_for(session, prepared),
            prepared.tables.inputs,
            prepared.warnings,
        )
        promotions = prepared.tables.promotions
        refuse_unready(config, offers, promotions, anchored=config.response.name == "anchor")
        ensemble = steps.train(session, prepared).ensemble
    else:
        ensemble, offers, inputs, warnings = steps.model_and_offers(session)
        refuse_unready(config, offers, ensemble.promotion_names, anchored=ensemble.anchor is not None)
    with session.stage("promote"):
        found = promote(config, ensemble, offers)
        table = promotions_table(found, config.data.currency, config.promotions.cost)
    session.directory.write_csv("promotions.csv", table)
    told = totals(found, config.promotions.horizon, config.promotions.budget)
    summary = {"period": str(ensemble.periods[0].date()), **told, "inputs": inputs, "warnings": warnings}
    with session.stage("report"):
        write_promotions_report(session, table, session.audit() | summary)
    return session.finish(summary)
