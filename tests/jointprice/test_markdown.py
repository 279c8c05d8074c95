"""Which offers are marked down and which are left alone, and why."""

import numpy as np
import pandas as pd
import pytest

from data_io.load import load_tables
from data_io.markets import season
from data_io.panel import build_panel
from jointprice.compose import compose
from jointprice.markdown import mark_down
from jointprice.markdown_tables import markdown_table

KEPT = 5  # running products


@pytest.fixture(scope="module")
def table():
    market = season.make("standard", 4)
    past = [f"past-{number:03d}" for number in range(40)]
    running = [f"new-{number:03d}" for number in range(KEPT)]
    sales = market.sales[market.sales["product"].isin(past + running)]
    offers = market.offers[market.offers["product"].isin(running)].set_index("product")
    offers.loc["new-000", "stock"] = 0
    offers.loc["new-001", "stock"] = np.nan
    old = {"store": "web", "current_price": 20.0, "stock": 9.0}
    offers.loc["past-000"] = pd.Series(old)
    offers.loc["never-sold"] = pd.Series(old | {"stock": 90.0})
    config = compose(["experiment=markdown", "data=table", "markdown.steps=3", "markdown.step=0.2"])
    tables = load_tables(config.data, sales=sales, offers=offers.reset_index())
    return markdown_table(mark_down(config, tables, build_panel(tables, config.data).periods)).set_index("product")


def test_what_cannot_be_planned_keeps_its_price_and_says_why(table):
    notes = table[table["status"] == "held"]["note"].to_dict()
    assert notes == {
        "new-000": "held: sold out",
        "new-001": "held: its stock is not known",
        "past-000": "held: its season is over",
    }
    held = table.loc[list(notes)]
    assert (held["price"] == held["current_price"]).all()
    assert held["money"].isna().all()


def test_a_product_that_was_never_sold_begins_its_season_now(table):
    fresh = table.loc["never-sold"]
    assert (fresh["status"], fresh["period_of_season"], fresh["first_price"]) == ("priced", 1, 20.0)
    assert fresh["price"] in (20.0, 16.0, 12.0, 8.0)
    assert fresh["units_to_end"] + fresh["left_over"] == pytest.approx(90)


def test_a_running_season_goes_on_from_its_first_price(table):
    running = table.loc[["new-002", "new-003", "new-004"]]
    assert (running["status"] == "priced").all()
    assert (running["period_of_season"] == season.ELAPSED + 1).all()
    assert (running["money_p10"] <= running["money_p90"]).all()
    assert (running["money"] <= running["money_p90"] + 1e-6).all()
