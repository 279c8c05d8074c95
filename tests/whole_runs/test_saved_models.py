"""A model trained once and used later: to price offers under various rules, and to forecast."""

import json
import shutil

import pandas as pd
import pytest

from search.journal import Journal

QUICK = "experiment=quick"


@pytest.fixture(scope="session")
def optimise(jointprice, model):
    """``optimise(…)`` prices with the embedded market's model; returns what ended and its overrides."""

    def run(*overrides):
        overrides = (QUICK, "task=optimise", model, *overrides)
        return jointprice(*overrides), overrides

    return run


@pytest.fixture(scope="session")
def offers(market, default_run):
    """Offers with a stock of what is sold at current prices, and two families of two products."""
    sold = default_run.prices().set_index(["product", "store"])["units_current"]
    offers = market["offers"].set_index(["product", "store"])
    offers = offers.assign(stock=sold.round(0)).reset_index()
    families = {"product-01": "a", "product-02": "a", "product-03": "b", "product-04": "b"}
    return offers.assign(family=offers["product"].map(families).fillna(""))


def test_a_trained_model_prices_the_offers_at_the_end_of_its_history(jointprice, default_run, broken_rules):
    trained = jointprice(QUICK, "task=train")
    assert trained.code == 0, trained.err
    assert not (trained.directory / "prices.csv").exists()
    for name in ("arrays.safetensors", "model.json"):
        written = [(ended.directory / "model" / name).read_bytes() for ended in (trained, default_run)]
        assert written[0] == written[1]
    overrides = (QUICK, "task=optimise", f"model={trained.directory / 'model'}")
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    assert len(ended.prices()) == 96
    assert ended.prices()["note"].str.contains("default offer").all()
    assert broken_rules(ended, *overrides) == []
    assert (ended.directory / "manifest.json").exists()


def test_a_model_prices_the_offers_of_a_file_as_the_whole_job_does(optimise, market, write, default_run):
    ended, _ = optimise(*write(offers=market["offers"]))
    assert ended.code == 0, ended.err
    assert ended.prices()["price"].tolist() == default_run.prices()["price"].tolist()


@pytest.mark.parametrize(
    ("overrides", "optimiser", "objective"),
    [
        (["search=gradient"], "gradient", "profit"),
        pytest.param(["search=random", "search.evaluations=200"], "random", "profit", marks=pytest.mark.nightly),
        (["objective=units"], "genetic", "units"),
    ],
)
def test_other_optimisers_and_objectives_gain_in_the_model_too(optimise, broken_rules, overrides, optimiser, objective):
    ended, overrides = optimise(*overrides)
    assert ended.code == 0, ended.err
    assert broken_rules(ended, *overrides) == []
    summary = ended.json("summary.json")
    assert (summary["search"]["optimiser"], summary["objective"]["name"]) == (optimiser, objective)
    assert summary["objective"]["recommended"] >= summary["objective"]["current"]


def test_offers_with_texts_among_their_numbers_are_refused_with_line_and_column(optimise, market, write):
    broken = market["offers"].astype({"max_price": object})
    broken.loc[[2, 5], "max_price"] = "a lot"
    broken.loc[3, "cost"] = -1.0
    ended, _ = optimise(*write(offers=broken))
    assert ended.code == 2
    assert "3 problems in the input" in ended.err
    assert "offers.csv, line 4, column max_price" in ended.err
    assert "got 'a lot'" in ended.err
    assert "line 5, column cost" in ended.err
    assert not list(ended.directory.glob("prices.*"))


def test_an_offer_without_history_keeps_its_price_and_says_so(optimise, market, write):
    new = pd.DataFrame({"product": ["novelty"], "store": ["store-01"], "current_price": [2.5], "cost": [1.0]})
    ended, _ = optimise(*write(offers=pd.concat([market["offers"], new])))
    assert ended.code == 0, ended.err
    (row,) = ended.prices().query("product == 'novelty'").to_dict("records")
    assert (row["status"], row["price"], row["power"]) == ("held", 2.5, "none")
    assert "no sales history" in row["note"]


def test_margins_endings_and_families_hold_together(optimise, offers, write, rules, broken_rules):
    text = """\
- {type: ending, cents: [9, 5]}
- {type: same_price, by: family}
- {type: unit_margin, min: 0.2}
- {type: portfolio_margin, min: 0.4, scope: "category == 'category-1'"}
"""
    ended, overrides = optimise("rules=bounds", *write(offers=offers), rules(text))
    assert ended.code == 0, ended.err
    assert broken_rules(ended, *overrides) == []
    prices = ended.prices().assign(family=offers["family"])
    priced = prices[prices["status"] == "priced"]
    changed = priced[priced["price"] != priced["current_price"]]
    assert set((changed["price"] * 100).round().astype(int) % 10) <= {5, 9}
    assert (priced[priced["family"] != ""].groupby("family")["price"].nunique() == 1).all()
    assert (priced["margin"] >= 0.2).all()
    first = prices[prices["category"] == "category-1"]
    assert first["profit"].sum() >= 0.4 * first["revenue"].sum()


@pytest.mark.parametrize("mode", ["forbid", pytest.param("cap_sales", marks=pytest.mark.nightly)])
def test_no_more_is_sold_than_is_in_stock(optimise, offers, write, rules, broken_rules, mode):
    ended, overrides = optimise("rules=bounds", *write(offers=offers), rules(f"- {{type: inventory, mode: {mode}}}"))
    assert ended.code == 0, ended.err
    assert broken_rules(ended, *overrides) == []
    prices = ended.prices()
    assert (prices["units"] <= prices["stock"]).all()
    assert (prices["status"] == "priced").all()


def test_a_margin_that_no_price_meets_ends_with_3_and_says_which_offers(optimise, rules):
    ended, _ = optimise(rules("- {type: unit_margin, min: 0.99}"))
    assert ended.code == 3
    assert "Traceback" not in ended.err
    assert "The rules leave 96 of 96 offers no allowed price:" in ended.err
    assert "product-01 (store-01): unit_margin needs >= " in ended.err
    assert ended.json("summary.json")["status"] == "infeasible"
    assert not list(ended.directory.glob("prices.*"))
    assert (ended.directory / "manifest.json").exists()


def test_a_forecast_covers_every_series_of_the_next_periods(jointprice, model):
    ended = jointprice("task=forecast", model)
    assert ended.code == 0, ended.err
    table = pd.read_csv(ended.directory / "forecast.csv")
    assert list(table) == [
        *("round", "date", "store", "product", "units", "prediction", "prediction_mape", "p10", "p90")
    ]
    assert table["date"].unique().tolist() == ["2024-02-26", "2024-03-04", "2024-03-11", "2024-03-18"]
    assert len(table) == 4 * 96
    assert table["units"].isna().all()
    assert (table["p10"] <= table["p90"]).all()


def test_a_forecast_at_planned_prices_follows_them(jointprice, model, market, write):
    plan = market["offers"][["product", "store"]].assign(date="2024-02-26", price=market["offers"]["current_price"])
    dear = plan.assign(price=(1.1 * plan["price"]).round(2))
    promoted = plan.assign(promo=1)
    total = []
    for future in (plan, dear, promoted):
        ended = jointprice("task=forecast", model, *write(future=future))
        assert ended.code == 0, ended.err
        table = pd.read_csv(ended.directory / "forecast.csv")
        assert len(table) == 96
        total.append(table["prediction"].sum())
    assert total[1] < total[0] < total[2]


def test_a_model_of_another_schema_is_refused(jointprice, model, tmp_path):
    from hashlib import sha256
    from json import dumps, loads

    copy = shutil.copytree(model.removeprefix("model="), tmp_path / "model")
    record = loads((copy / "model.json").read_text("utf-8")) | {"schema": 99}
    (copy / "model.json").write_text(dumps(record), "utf-8")
    hashes = loads((copy / "hashes.json").read_text("utf-8"))
    hashes["model.json"] = sha256((copy / "model.json").read_bytes()).hexdigest()
    (copy / "hashes.json").write_text(dumps(hashes), "utf-8")
    ended = jointprice("task=optimise", f"model={copy}")
    assert ended.code == 2
    assert "the file is of schema 99" in ended.err
    assert not list(ended.directory.glob("prices.*"))


def test_a_model_with_one_changed_byte_is_refused(jointprice, model, tmp_path):
    copy = shutil.copytree(model.removeprefix("model="), tmp_path / "model")
    content = bytearray((copy / "arrays.safetensors").read_bytes())
    content[-5] ^= 1
    (copy / "arrays.safetensors").write_bytes(content)
    ended = jointprice("task=forecast", f"model={copy}")
    assert ended.code == 2
    assert "not the one that was saved" in ended.err


def test_a_task_that_needs_a_model_says_so(jointprice):
    ended = jointprice("task=optimise")
    assert ended.code == 2
    assert "task=optimise needs model=FOLDER" in ended.err


def test_a_front_of_profit_against_units_is_written_shown_and_every_point_of_it_keeps_the_rules(
    optimise, market, write, broken_rules
):
    overrides = ("search=nsga2", "search.generations=20", "search.population=32", *write(offers=market["offers"]))
    ended, asked = optimise(*overrides)
    assert ended.code == 0, ended.err
    front = pd.read_csv(ended.directory / "front.csv")
    prices = pd.read_csv(ended.directory / "front_prices.csv")
    assert list(front) == ["point", "profit", "revenue", "units", "margin", "changes", "objective"]
    assert 2 <= len(front) <= 25
    assert front["objective"].is_monotonic_decreasing
    assert (front["units"].diff().dropna() > 0).all()
    assert prices.groupby("point").size().tolist() == [96] * len(front)
    answer = ended.prices()
    summary = ended.json("summary.json")
    first = prices[prices["point"] == 1].set_index(["product", "store"])["price"]
    assert (first.loc[list(zip(answer["product"], answer["store"], strict=True))].to_numpy() == answer["price"]).all()
    assert front["profit"][0] == pytest.approx(summary["uplift"]["in_model"], rel=1e-4)
    assert broken_rules(ended, *asked) == []
    assert "front_prices.csv" in (ended.directory / "report.html").read_text("utf-8")
    assert {"front.csv", "front_prices.csv"} <= set(ended.json("manifest.json")["files"])


def test_a_search_that_was_cut_off_goes_on_from_its_checkpoint(optimise, market, write, tmp_path, monkeypatch):
    asked = ("search.generations=40", *write(offers=market["offers"]))
    overrides = (f"search.checkpoint={tmp_path}", "search.checkpoint_every=2", *asked)
    whole, _ = optimise(*asked)
    take = Journal.take

    def cut(journal, *arguments, **more):
        better = take(journal, *arguments, **more)
        if len(journal.logbook) > 24:
            raise KeyboardInterrupt
        return better

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "take", cut)
        assert optimise(*overrides)[0].code == 130
    assert list(tmp_path.glob("search_*.npz"))
    resumed, _ = optimise(*overrides)
    assert resumed.code == 0, resumed.err
    assert (resumed.directory / "prices.csv").read_bytes() == (whole.directory / "prices.csv").read_bytes()
    rows = [json.loads(line) for line in (resumed.directory / "search_log.jsonl").read_text("utf-8").splitlines()]
    assert [row["generation"] for row in rows] == list(range(len(rows)))


def test_the_optimiser_that_is_picked_says_why(optimise, market, write):
    ended, _ = optimise("search=auto", *write(offers=market["offers"]))
    assert ended.code == 0, ended.err
    found = ended.json("summary.json")["search"]
    assert found["optimiser"] == "genetic"
    assert found["why"].startswith("the demand declares no price indices")
    assert found["why"] in (ended.directory / "report.html").read_text("utf-8")
