"""Stock in whole runs: written sales are what varying counts and the stock let expect, not the lesser of the two."""

import io

import numpy as np
import pandas as pd
import pytest

import jointprice as library

SMALL = ["experiment=quick", "ensemble.width=8", "training.epochs=1", "training.refit=false", "search=random"]


@pytest.fixture(scope="module")
def fitted(market):
    few = ("store-01", "store-02")
    tables = {name: table[table["store"].isin(few)] for name, table in market.items() if "store" in table}
    return library.fit(**market | tables, overrides=SMALL)


@pytest.fixture(scope="module")
def answers(fitted, rules):
    """Prices held, with stock at twice, one and half of each offer's expected demand."""
    held = fitted.offers.assign(min_price=fitted.offers["current_price"], max_price=fitted.offers["current_price"])
    overrides = [*SMALL, "rules=bounds", rules("- { type: inventory }")]
    plenty = library.optimise(fitted.ensemble, held.assign(stock=np.inf), overrides=overrides)
    scarce = {
        share: library.optimise(fitted.ensemble, held.assign(stock=share * plenty["units"]), overrides=overrides)
        for share in (2.0, 1.0, 0.5)
    }
    return plenty, scarce


def test_written_sales_fall_short_of_demand_and_of_stock_where_they_are_alike(answers):
    plenty, scarce = answers
    for share, answer in scarce.items():
        lesser = np.minimum(plenty["units"], answer["stock"])
        assert (answer["units"] <= lesser + 1e-6).all()
        assert (answer["units"] >= 0.3 * lesser).all(), share
    assert (scarce[1.0]["units"] < 0.97 * plenty["units"]).all()
    assert (scarce[2.0]["units"] > scarce[1.0]["units"]).all()
    assert (scarce[1.0]["units"] > scarce[0.5]["units"]).all()


def test_the_interval_of_sales_is_that_of_demand_up_to_the_stock(answers):
    plenty, scarce = answers
    for answer in scarce.values():
        for quantile in ("units_p10", "units_p90"):
            np.testing.assert_allclose(answer[quantile], np.minimum(plenty[quantile], answer["stock"]), atol=1e-5)


def test_the_task_says_what_to_buy_and_what_it_brings(jointprice, model):
    ended = jointprice("experiment=quick", "task=stock", model, "stock.salvage=0.4", "stock.service_level=0.5")
    assert ended.code == 0, ended.err
    bought = pd.read_csv(ended.directory / "stock.csv")
    assert len(bought) == len(ended.prices()) == 96
    assert f"{bought['profit'].sum():,.2f}" in (ended.directory / "report.html").read_text("utf-8")
    assert (bought["stock"] == bought["stock"].round()).all()
    assert (bought["service_level"] >= np.maximum(bought["critical_ratio"], 0.5) - 1e-6).all()
    np.testing.assert_allclose(bought["units"] + bought["left_over"], bought["stock"], atol=1e-5)
    earned = bought["price"] * bought["units"] + 0.4 * bought["cost"] * bought["left_over"]
    np.testing.assert_allclose(bought["profit"], earned - bought["cost"] * bought["stock"], atol=1e-4)
    assert ended.json("summary.json")["stock"]["profit"] == pytest.approx(bought["profit"].sum(), abs=1e-3)

    surface = pd.read_csv(ended.directory / "stock_profit.csv").query("price_factor == 1")
    best = surface[surface["stock_for"] == "best"].set_index("product")["profit"]
    assert (surface.groupby("product")["profit"].max() <= best + 0.5).all()  # the service level asked may cost
    np.testing.assert_allclose(best, bought.groupby("product")["profit"].sum(), rtol=1e-4)


def test_without_any_cost_nothing_is_bought_and_the_mend_is_told(jointprice, tables, write):
    sales = pd.read_csv(io.StringIO(tables["sales"])).drop(columns="cost")
    ended = jointprice("task=stock", "data=table", *write(sales=sales), "objective=revenue", "experiment=quick")
    assert ended.code == 2
    assert "task=stock needs costs" in ended.err


def test_stock_that_is_shared_must_last_or_is_worthless_unsold_prices_accordingly(fitted, rules):
    overrides = [*SMALL, "rules=bounds"]
    plenty = library.optimise(fitted.ensemble, fitted.offers, overrides=overrides)
    offers = fitted.offers.assign(stock=np.ceil(1.5 * plenty["units_current"]))
    answers = {}
    for name, text in {
        "kept": "{ type: inventory }",
        "lasts": "{ type: inventory, service_level: 93 }",
        "lost": "{ type: inventory, salvage: 0 }",
        "shared": "{ type: inventory, by: [product] }",
    }.items():
        given = offers
        if name == "shared":
            given = offers.assign(stock=offers.groupby("product")["stock"].transform("sum"))
        answers[name] = library.optimise(fitted.ensemble, given, overrides=[*overrides, rules(f"- {text}")])
        priced = answers[name]["status"] == "priced"
        assert library.check(answers[name], given, rules=[{"type": "bounds"}]) == []
        assert priced.any()
    assert (answers["lasts"]["service_level"].dropna() >= 0.9299).all()
    assert (answers["kept"]["service_level"].dropna() < 0.93).any()
    shared = answers["shared"]
    assert shared["service_level"].isna().all()
    total, stock = shared.groupby("product")["units"].sum(), shared.groupby("product")["stock"].first()
    assert (total <= stock + 1e-6).all()
    lost = answers["lost"]
    np.testing.assert_allclose(lost["profit"], lost["price"] * lost["units"], rtol=1e-6)
    assert lost["price"].mean() < answers["kept"]["price"].mean()
