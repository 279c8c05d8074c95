"""The shipped experiments on real sales, with members too few and epochs too short to be worth anything."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SMALL = (
    *("ensemble.members=2", "ensemble.groups=[{body:mlp,head:elasticity}]", "ensemble.width=16"),
    *("training.epochs=2", "training.promise_members=0"),
    *("response.heads=[elasticity,nested]", "response.steps=9", "response.folds=2", "response.draws=4"),
    *("search.population=16", "search.generations=5", "search.starts=1", "search.steps=10", "search.rule_costs=false"),
)
pytestmark = [pytest.mark.real_data, pytest.mark.nightly]  # two minutes, and only where the data are


def experiment(name: str) -> tuple[str, ...]:
    if not (DATA / name).is_dir():
        pytest.skip(f"the real sales are not here: there is no folder {DATA / name}")
    return f"experiment={name}", f"data.folder={DATA / name}", *SMALL


def assert_priced_or_held_with_a_reason(prices) -> None:
    assert set(prices["status"]) <= {"priced", "held"}
    notes = prices.loc[prices["status"] == "held", "note"]
    assert notes.str.match("held: |no one price is allowed").all()


def test_all_orange_juice_is_priced_alike_in_all_stores_and_one_by_one(jointprice, broken_rules):
    overrides = (*experiment("orange_juice"), "search.scope=product")
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    prices = ended.prices()
    assert len(prices) == 913
    assert_priced_or_held_with_a_reason(prices)
    assert broken_rules(ended, *overrides) == []
    priced = prices[prices["status"] == "priced"]
    assert (priced.groupby("product")["price"].nunique() == 1).all()

    apart = (*overrides, "task=optimise", f"model={ended.directory / 'model'}", "search.scope=store_product")
    ended = jointprice(*apart)
    assert ended.code == 0, ended.err
    prices = ended.prices()
    assert_priced_or_held_with_a_reason(prices)
    assert broken_rules(ended, *apart) == []
    assert (prices["status"] == "priced").mean() >= 0.8
    assert (prices.groupby("product")["price"].nunique() > 1).any()


def test_avocados_have_no_costs_so_profit_is_refused_and_revenue_works(jointprice, broken_rules):
    overrides = experiment("avocado")
    refused = jointprice(*overrides, "objective=profit")
    assert refused.code == 2
    assert "objective=profit needs costs" in refused.err
    assert not list(refused.directory.glob("prices.*"))

    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    assert_priced_or_held_with_a_reason(ended.prices())
    assert broken_rules(ended, *overrides) == []
    assert "Total_US" not in set(ended.prices()["store"])
    assert ended.json("summary.json")["objective"]["name"] == "revenue"


@pytest.mark.nightly
def test_the_orders_of_an_online_shop_are_added_up_to_weeks_and_priced(jointprice, broken_rules):
    overrides = experiment("online_retail")
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    assert set(ended.prices()["store"]) == {"United Kingdom"}
    assert_priced_or_held_with_a_reason(ended.prices())
    assert broken_rules(ended, *overrides) == []
