"""Tables of one's own through the whole job: files, DataFrames, objectives, and an input too small to learn from."""

import pandas as pd
import pytest

import jointprice as library

QUICK = "experiment=quick"

CATALOGUE = """\
- {type: bounds}
- {type: max_change, percent: 15}
- {type: ending, cents: [9, 5], scope: "category != 'accessories'"}
- {type: unit_margin, min: 0.10}
- {type: portfolio_margin, min: 0.25, scope: "category == 'cases'"}
- {type: inventory, mode: cap_sales}
- {type: price_index, min: 0.97, max: 1.03, by: category}
- {type: max_changes, share: 0.25, by: store}
- {type: same_price, by: family}
- {type: all_or_nothing, by: family}
- {type: order, by: size_ml, per: unit, direction: not_increasing, within: brand, soft: true, priority: 2}
"""


@pytest.fixture(scope="session")
def tiny_run(jointprice, tiny):
    ended = jointprice(QUICK, *tiny)
    assert ended.code == 0, ended.err
    return ended


@pytest.fixture(scope="session")
def market_tables(market, write):
    return ["data=table", *write(**market)]


@pytest.fixture(scope="session")
def without_costs(market, write):
    return [
        "data=table",
        *write(**{name: table.drop(columns="cost", errors="ignore") for name, table in market.items()}),
    ]


def test_an_input_too_small_to_learn_from_ends_well_with_every_offer_held_and_told_why(tiny_run):
    prices = tiny_run.prices()
    assert prices["product"].tolist() == ["case-blue", "case-red", "strap"]
    assert (prices["status"] == "held").all()
    assert (prices["price"] == prices["current_price"]).all()
    assert prices["note"].str.startswith("held: 4 periods of sales (at least 12 needed)").all()
    assert (tiny_run.directory / "manifest.json").exists()
    assert tiny_run.json("summary.json")["offers"] == {"total": 3, "priced": 0, "held": 3}
    assert "no price changes" in tiny_run.out


def test_rules_that_do_not_exist_are_refused_by_name_before_anything_is_trained(jointprice, tiny, rules):
    ended = jointprice(QUICK, *tiny, rules(CATALOGUE + "- {type: all_or_none, by: family}\n"))
    assert ended.code == 2
    assert "(all_or_none): no rule is called 'all_or_none'; did you mean 'all_or_nothing'?" in ended.err
    assert "Traceback" not in ended.err
    assert not list(ended.directory.glob("prices.*"))
    assert not (ended.directory / "model").exists()


def test_every_rule_of_the_catalogue_runs(jointprice, tiny, rules, broken_rules):
    overrides = (QUICK, *tiny, rules(CATALOGUE))
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    assert broken_rules(ended, *overrides) == []
    assert {rule["name"] for rule in ended.json("summary.json")["rules"]} >= {
        "ending",
        "same_price",
        "max_changes",
        "order",
    }


def test_rules_on_single_prices_cannot_be_soft(jointprice, tiny, rules):
    ended = jointprice(QUICK, *tiny, rules("- {type: bounds, soft: true, priority: 2}"))
    assert ended.code == 2
    assert "cannot be a soft rule" in ended.err


SOFT = """\
- {type: max_changes, share: 0.5, by: store}
- {type: all_or_nothing, by: [store, category]}
- {type: order, by: size_ml, per: unit, within: brand}
- {type: price_index, min: 1.2, soft: true, priority: 1}
- {type: price_index, max: 1.0, soft: true, price_per_unit: 1}
- {type: order, lower: "product == 'product-05'", upper: "product == 'product-03'", soft: true, priority: 2}
"""


@pytest.mark.nightly
def test_many_rules_hold_in_the_written_prices_and_soft_ones_say_by_how_much_they_are_broken(
    jointprice, model, market, write, rules, broken_rules
):
    sizes = {"product-03": 500, "product-04": 550, "product-05": 2000}
    offers = market["offers"].assign(size_ml=market["offers"]["product"].map(sizes), brand="house")
    overrides = (QUICK, "task=optimise", model, *write(offers=offers), rules(SOFT), "search.scope=store_product")
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    assert broken_rules(ended, *overrides) == []
    prices, told = ended.prices(), {rule["name"]: rule for rule in ended.json("summary.json")["rules"]}
    changes = prices["price"].ne(prices["current_price"])
    assert 0 < changes.groupby(prices["store"]).mean().max() <= 0.5
    together = changes[prices["status"] == "priced"].groupby([prices["store"], prices["category"]]).mean()
    assert set(together) <= {0.0, 1.0}
    index = (prices["price"] * prices["units_current"]).sum() / (
        prices["current_price"] * prices["units_current"]
    ).sum()
    assert [told[name]["hard"] for name in ("max_changes", "order", "price_index_2", "price_index_3")] == [
        *(True, True, False, False)
    ]
    assert told["price_index_2"]["violation"] == pytest.approx(1.2 - index, abs=1e-6)
    assert told["price_index_3"]["violation"] == pytest.approx(index - 1.0, abs=1e-6)
    assert told["order"]["violation"] == 0
    revenue = (prices["price"] * prices["units"]).sum()
    assert told["price_index_2"]["violation_money"] == pytest.approx((1.2 - index) * revenue, rel=1e-3)
    assert told["order"]["violation_money"] is None  # it is hard
    price, units = (prices.pivot(index="store", columns="product", values=name) for name in ("price", "units"))
    above = (price["product-05"] - price["product-03"]).clip(lower=0)
    assert (above > 0).any()
    assert told["order_2"]["violation_money"] == pytest.approx((above * units["product-05"]).sum(), rel=1e-6)


def test_a_market_written_to_files_gives_the_prices_of_the_market_itself(jointprice, default_run, market_tables):
    ended = jointprice(QUICK, *market_tables)
    assert ended.code == 0, ended.err
    assert (ended.directory / "prices.csv").read_bytes() == (default_run.directory / "prices.csv").read_bytes()
    assert ended.json("summary.json")["oracle"] is None  # its truth is not known


def test_the_python_api_returns_the_prices_of_the_command(market, default_run):
    done = library.run(**market, overrides=[QUICK])
    pd.testing.assert_frame_equal(done.prices, pd.read_parquet(default_run.directory / "prices.parquet"))
    assert done.summary["objective"] == default_run.json("summary.json")["objective"]
    assert done.metrics == default_run.json("metrics.json")


def test_fit_optimise_and_check_do_in_steps_what_run_does_at_once(market, default_run):
    fitted = library.fit(**market, overrides=[QUICK])
    prices = library.optimise(fitted.ensemble, fitted.offers, overrides=[QUICK])
    assert prices["price"].tolist() == default_run.prices()["price"].tolist()
    assert library.check(prices, fitted.offers) == []
    raised = library.check(prices.assign(price=prices["price"] * 2), fitted.offers)
    assert {breach.rule for breach in raised} >= {"max_change", "price_index"}


def test_profit_without_any_cost_is_refused_before_anything_is_trained(jointprice, without_costs):
    ended = jointprice(QUICK, *without_costs)
    assert ended.code == 2
    assert "objective=profit needs costs" in ended.err
    assert "objective=revenue" in ended.err
    assert not list(ended.directory.glob("prices.*"))
    assert not (ended.directory / "model").exists()


def test_revenue_needs_no_costs(jointprice, without_costs, broken_rules):
    overrides = (QUICK, *without_costs, "objective=revenue")
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    prices, objective = ended.prices(), ended.json("summary.json")["objective"]
    assert broken_rules(ended, *overrides) == []
    assert (prices["status"] == "priced").all()
    assert prices[["cost", "profit", "margin"]].isna().all(axis=None)
    assert objective["name"] == "revenue"
    assert objective["recommended"] == pytest.approx((prices["price"] * prices["units"]).sum(), rel=1e-6)
    assert objective["current"] == pytest.approx((prices["current_price"] * prices["units_current"]).sum(), rel=1e-6)


def test_columns_under_names_of_ones_own_are_mapped(jointprice, market, write):
    sales = market["sales"].rename(columns={"units": "units_sold", "product": "article"})
    names = ["data.columns.units=units_sold", "data.columns.product=article"]
    products = market["products"].rename(columns={"product": "article"})
    ended = jointprice("task=validate", "data=table", *write(sales=sales, products=products), *names)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("validate: done · 5,760 rows: 96 series × 60 weeks · 2023-01-02 to 2024-02-19")


@pytest.mark.nightly
def test_an_anchor_of_four_weeks_ends_well_and_promises_nothing(jointprice, tiny):
    small = ["response.name=anchor", "response.heads=[elasticity]", "response.draws=2", "response.search_draws=2"]
    ended = jointprice("experiment=quick", "training.promise_members=1", *small, *tiny)
    assert ended.code == 0, ended.err
    assert ended.json("summary.json")["uplift"]["promised"]["mean"] is None
