"""task=stock: how much to buy for the period priced, at prices that no stock limits yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jointprice import steps
from jointprice.pricing import refuse_early
from jointprice.report.buying import write_buying_report
from jointprice.schema import Config
from jointprice.session import open_session
from jointprice.stock import profit_surface, refuse_without_costs, stock_table


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Price as task=run or, with a model, task=optimise would without stocks; write what to buy. The summary."""
    session = open_session(config, output, given)
    if config.model is None:
        prepared = steps.read(session)
        offers, inputs, warnings = (
            steps.offers_to_train_for(session, prepared),
            prepared.tables.inputs,
            prepared.warnings,
        )
        refuse_early(config, offers)
        refuse_without_costs(offers)
        ensemble, market = steps.train(session, prepared).ensemble, prepared.market
    else:
        ensemble, offers, inputs, warnings = steps.model_and_offers(session)
        market = None
        refuse_without_costs(offers)
    pricing = steps.price(session, ensemble, offers.assign(stock=np.inf))
    summary = steps.pricing_summary(session, ensemble, pricing, market)
    with session.stage("stock"):
        table, surface = stock_table(pricing, config.stock), profit_surface(pricing, config.stock)
        session.directory.write_csv("stock.csv", table)
        session.directory.write_csv("stock_profit.csv", surface)
    totals = table[["stock", "units", "left_over", "profit"]].sum()
    summary["stock"] = {name: round(float(total), 6) for name, total in totals.items()}
    summary |= {"inputs": inputs, "warnings": [*warnings, *steps.losing_scope(session, pricing)]}
    with session.stage("report"):
        write_buying_report(session, table, surface, session.audit() | summary)
    return session.finish(summary)
