"""task=spend_save: which "spend X, save Y" pays, if any, learnt from order lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.baskets import load_baskets
from data_io.frequency import next_period
from data_io.markets import baskets as market
from jointprice.report.basket_deals import write_basket_report
from jointprice.schema import Config
from jointprice.session import open_session
from jointprice.spend_save import choose_deal
from jointprice.spend_save_tables import against_truth, deals_table, totals


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read the baskets (those of an embedded shop where the data are synthetic), choose, write. The summary."""
    session = open_session(config, output, given)
    shop = market.make(config.data.market_seed) if config.data.source == "synthetic" else None
    with session.stage("read"):
        baskets = load_baskets(config.data, baskets=shop and shop.lines)
    with session.stage("spend_save"):
        found = choose_deal(config, baskets)
    table = deals_table(found)
    session.directory.write_csv("spend_save.csv", table)
    summary = {
        "period": f"{next_period(baskets.frame['period'].max(), baskets.frequency):%Y-%m-%d}",
        "spend_save": totals(found, baskets.frequency),
        "spend_save_truth": shop and against_truth(found, shop),
        "inputs": baskets.inputs,
        "warnings": list(baskets.warnings),
    }
    with session.stage("report"):
        write_basket_report(session, table, session.audit() | summary)
    return session.finish(summary)
