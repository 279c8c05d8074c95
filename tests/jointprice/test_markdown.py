"""Which offers are marked down and which are left alone, and why."""

import numpy as np
import pandas as pd
import pytest

from data_io.errors import ConfigError
from data_io.load import load_tables
from data_io.markets import season
from data_io.panel import build_panel
from jointprice.compose import compose
from jointprice.markdown import mark_down
from jointprice.markdown_tables import markdown_table, path_table

KEPT = 5  # running products


def decide(*overrides: str):
    """Of a small market in which some offers cannot be planned, and one product leaves early."""
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
    products = pd.DataFrame({"product": [*past, *running], "leaves_after": np.nan})
    products.loc[products["product"] == "new-003", "leaves_after"] = 4
    ladder = ("markdown.steps=3", "markdown.step=0.2", "markdown.exit_column=leaves_after")
    config = compose(["experiment=markdown", "data=table", *ladder, *overrides])
    tables = load_tables(config.data, sales=sales, offers=offers.reset_index(), products=products)
    return mark_down(config, tables, build_panel(tables, config.data).periods)


@pytest.fixture(scope="module")
def found():
    return decide()


@pytest.fixture(scope="module")
def table(found):
    return markdown_table(found).set_index("product")


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


def test_a_product_that_leaves_early_is_planned_to_its_own_end(found):
    path = path_table(found, pd.Timestamp("2024-01-01"), "week")
    ends = path.groupby("product")["period_of_season"].max()
    assert ends["new-003"] == 4
    assert set(ends.drop("new-003")) == {season.WEEKS}


def test_rules_are_kept_and_the_current_price_is_always_allowed(table, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text("- {type: max_changes, count: 1}\n- {type: max_change, percent: 25}\n", "utf-8")
    ruled = markdown_table(decide(f"rules.file={file}")).set_index("product")
    assert (table["price"] < table["current_price"]).sum() > 1
    assert (ruled["price"] < ruled["current_price"]).sum() == 1
    assert (ruled["change_pct"] >= -25.0001).all()
    assert ruled["worth"].sum() < table["worth"].sum()


@pytest.mark.nightly
def test_a_sell_through_is_reached_at_the_cost_of_money(table):
    wanted = table["sell_through"].max()
    sold = markdown_table(decide(f"markdown.sell_through={wanted}")).set_index("product")
    priced = table["status"] == "priced"
    short = priced & (table["sell_through"] < wanted - 1e-9)
    assert short.any()
    assert (sold["left_over_penalty"] > 0)[short].all()
    assert (sold["left_over"] <= table["left_over"] + 1e-6)[priced].all()
    assert sold["left_over"].sum() < table["left_over"].sum()
    assert sold["worth"].sum() <= table["worth"].sum() + 1e-6


def test_a_column_of_exits_that_is_not_there_is_refused():
    market = season.make("standard", 4)
    config = compose(["experiment=markdown", "data=table", "markdown.exit_column=leaves"])
    tables = load_tables(config.data, sales=market.sales, offers=market.offers)
    with pytest.raises(ConfigError, match="exit_column=leaves"):
        mark_down(config, tables, build_panel(tables, config.data).periods)
