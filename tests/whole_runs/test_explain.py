"""Why a price is what it is, told from a finished run: every figure is the run's own."""

import re

import pandas as pd
import pytest

from jointprice.report.formats import figure


@pytest.fixture(scope="module")
def run(jointprice, model):
    ended = jointprice(
        "experiment=quick", "task=optimise", model, "search.rule_costs=true", "search.scope=store_product"
    )
    assert ended.code == 0, ended.err
    return ended


def explain(jointprice, run, *overrides: str):
    return jointprice("task=explain", f"run={run.directory}", *overrides)


def test_the_words_tell_the_prices_units_and_rules_of_the_run(jointprice, run):
    chain = pd.read_csv(run.directory / "price_chain.csv")
    moved = chain[chain["without_rules"] != chain["price"]].iloc[0]
    prices = run.prices().set_index(["product", "store"])
    row = prices.loc[(moved["product"], moved["store"])]
    told = explain(jointprice, run, f"product={moved['product']}", f"store={moved['store']}")
    assert told.code == 0, told.err
    (offer,) = told.json("explanation.json")["offers"]
    words = " ".join(offer["words"])
    assert f"from {row['current_price']:.2f} to {row['price']:.2f}" in words
    assert f"sells {figure(row['units'])} units instead of {figure(row['units_current'])}" in words
    assert f"{moved['without_rules']:.2f} without rules" in words
    last = re.findall(r"(\d+\.\d\d) under", words)[-1]
    assert float(last) == moved["price"]
    assert all(line in told.out for line in offer["words"])


def test_without_a_store_every_store_is_told_the_largest_gains_first(jointprice, run):
    told = explain(jointprice, run, "product=product-01")
    offers = told.json("explanation.json")["offers"]
    assert len(offers) == 12
    assert len({offer["store"] for offer in offers}) == 12
    prices = run.prices().query("product == 'product-01'").set_index("store")
    gain = (prices["profit"] - prices["profit_current"]).abs()
    told_gain = [gain[offer["store"]] for offer in offers]
    assert told_gain == sorted(told_gain, reverse=True)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("product=product-1",), "Did you mean 'product-01'?"),
        (("product=product-01", "store=nowhere"), "store=nowhere is not in this run"),
        ((), "product=NAME"),
    ],
)
def test_a_product_that_the_run_has_not_is_refused_with_what_there_is(jointprice, run, overrides, words):
    told = explain(jointprice, run, *overrides)
    assert told.code == 2
    assert words in told.err


def test_a_folder_that_is_no_finished_run_is_refused(jointprice, tmp_path):
    told = jointprice("task=explain", f"run={tmp_path}", "product=a")
    assert told.code == 2
    assert "not the directory of a finished run" in told.err
