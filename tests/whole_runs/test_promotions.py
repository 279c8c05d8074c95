"""Deals through the command line: chosen, explained in money, within limits, refused where nothing tells them."""

import numpy as np
import pandas as pd
import pytest

LIGHT = (
    *("experiment=[quick,promotions]", "response.name=anchor", "response.heads=[elasticity]", "response.folds=0"),
    *("response.draws=4", "response.search_draws=4", "promotions.horizon=4", "search.scope=product"),
)


@pytest.fixture(scope="module")
def ended(jointprice):
    run = jointprice(*LIGHT)
    assert run.code == 0, run.err
    return run


def read(run):
    return pd.read_csv(run.directory / "promotions.csv", keep_default_na=False)


def test_every_deal_has_its_price_and_its_parts_add_up(ended):
    table, told = read(ended), ended.json("summary.json")["promotions"]
    dealt = table[table["status"] == "deal"]
    assert told["deals"] == len(dealt) > 0
    assert set(dealt["mechanic"]) <= {"percent_off", "fixed_price", "two_for"}
    assert (dealt["mean_price"] < dealt["regular_price"]).all()
    parts = table[["profit_now", "pull_forward", "cannibalisation", "halo"]]
    np.testing.assert_allclose(parts.sum(axis=1), table["gain"], atol=1e-4)
    assert (parts[table["status"] != "deal"] == 0).all(axis=None)
    assert (table["cannibalisation"] <= 0).all()
    assert told["discount"] == pytest.approx(table["discount"].sum(), rel=1e-4)
    assert f"{told['deals']} deals" in ended.out
    two = dealt[dealt["mechanic"] == "two_for"]
    assert (two["tag"] > two["regular_price"]).all()
    report = (ended.directory / "report.html").read_text("utf-8")
    assert f"{told['gain']:+,.2f}" in report
    assert f"{told['discount']:,.2f}" in report


def test_a_saved_model_keeps_to_the_number_of_deals_the_budget_and_the_margin(ended, jointprice, rules):
    model = f"model={ended.directory / 'model'}"
    free = ended.json("summary.json")["promotions"]
    budget = round(free["discount"] / 3, 2)
    margin = rules("- {type: unit_margin, min: 0.2}")
    run = jointprice(*LIGHT, model, "promotions.max_deals=2", f"promotions.budget={budget}", margin)
    assert run.code == 0, run.err
    table, told = read(run), run.json("summary.json")["promotions"]
    dealt = table[table["status"] == "deal"]
    assert 0 < told["deals"] == len(dealt) < free["deals"]
    assert dealt.groupby("store").size().max() <= 2
    assert table["discount"].sum() <= budget
    cost = run_costs(ended)
    kept = dealt.merge(cost, on=["product", "store"])
    assert (1 - kept["cost"] / kept["mean_price"] >= 0.2 - 1e-3).all()


@pytest.mark.nightly
def test_a_budget_is_spent_as_far_as_deals_that_pay_fit_into_it(ended, jointprice):
    budget = round(ended.json("summary.json")["promotions"]["discount"] / 2, 2)
    overrides = (*LIGHT, f"model={ended.directory / 'model'}", "search.scope=store_product")
    free, run = (jointprice(*overrides, *more) for more in ((), (f"promotions.budget={budget}",)))
    assert run.code == 0, run.err
    free, table = read(free), read(run)
    assert 0.95 * budget < table["discount"].sum() <= budget < free["discount"].sum()
    dealt = table["status"] == "deal"
    assert table["gain"].sum() / budget > free["gain"].sum() / free["discount"].sum(), "the dearest deals are left out"
    assert 0 < dealt.sum() < (free["status"] == "deal").sum()


def run_costs(run):
    from data_io.markets.promotions import make

    return make("standard", 0).sales.sort_values("date").groupby(["product", "store"])["cost"].last().reset_index()


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("promotions.mechanics=[spend_save]",), "use task=spend_save"),
        (("promotions.mechanics=[bogof]",), "There are percent_off, fixed_price, two_for"),
        (("promotions.depths=[20]",), "between 0 and 1"),
        (("response.name=networks",), "task=promote needs response=anchor"),
        (("objective=units",), "weighs money"),
        (("data.market=season",), "no promotion column"),
    ],
)
def test_what_no_deal_can_be_judged_by_is_refused_before_anything_is_trained(jointprice, overrides, told):
    ended = jointprice(*LIGHT, *overrides)
    assert ended.code == 2
    assert told in ended.err
    assert "train" not in ended.err
