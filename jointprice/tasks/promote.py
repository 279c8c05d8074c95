"""task=promote: which offers get which deal in the next period, judged by all periods that it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.load import load_offers
from jointprice import steps
from jointprice.promotion_tables import promotions_table, totals
from jointprice.promotions import promote, refuse_unready
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Train or load, choose the deals, and write what each brings. The summary."""
    session = open_session(config, output, given)
    if config.model is None:
        prepared = steps.read(session)
        tables = prepared.tables
        refuse_unready(config, tables.offers, tables.promotions, anchored=config.response.name == "anchor")
        offers, inputs, warnings = tables.offers, tables.inputs, prepared.warnings
        ensemble = steps.train(session, prepared).ensemble
    else:
        ensemble = steps.load_model(session)
        with session.stage("read"):
            offers, inputs, warnings = load_offers(config.data, ensemble.history, offers=session.given.get("offers"))
        refuse_unready(config, offers, ensemble.promotion_names, anchored=ensemble.anchor is not None)
    with session.stage("promote"):
        found = promote(config, ensemble, offers)
        table = promotions_table(found, config.data.currency, config.promotions.cost)
    session.directory.write_csv("promotions.csv", table)
    told = totals(found, config.promotions.horizon, config.promotions.budget)
    return session.finish({"period": str(ensemble.periods[0].date()), **told, "inputs": inputs, "warnings": warnings})
