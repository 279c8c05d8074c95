"""What runs say of their rules through the command line: what each costs, and what to do where they conflict."""

import json
import re

import pandas as pd
import pytest

QUICK = "experiment=quick"
OWN = "search.scope=store_product"


@pytest.fixture(scope="module")
def explained(jointprice, model):
    ended = jointprice("task=optimise", QUICK, model, "search.rule_costs=true")
    assert ended.code == 0, ended.err
    return ended


def test_the_summary_says_what_each_rule_costs(explained):
    summary = explained.json("summary.json")
    gains = [summary["uplift"]["without_rules"], *(rule["gain_up_to_here"] for rule in summary["rules"])]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) >= 5
    assert all(rule["cost"] >= 0 for rule in summary["rules"])
    assert max(rule["cost"] for rule in summary["rules"]) > 0
    index = next(rule for rule in summary["rules"] if rule["name"] == "price_index")
    assert (index["multiplier_per"], index["multiplier"] >= 0) == ("one point of the index", True)


def test_the_chain_leads_from_the_price_without_rules_to_the_proposed_one(explained):
    chain = pd.read_csv(explained.directory / "price_chain.csv", keep_default_na=False)
    names = [rule["name"] for rule in explained.json("summary.json")["rules"]]
    after = [f"after_{name}" for name in names]
    assert list(chain) == ["product", "store", "current_price", "without_rules", *after, "price", "decided_by"]
    assert (chain["price"] == explained.prices()["price"]).all()
    assert (chain[after[-1]] == chain["price"]).all()
    moved = chain[chain["without_rules"] != chain["price"]]
    assert len(moved)
    assert set(moved["decided_by"]) <= set(names)
    for row in moved.to_dict("records"):
        number = names.index(row["decided_by"])
        before = ["without_rules", *after][number]
        assert row[before] != row[after[number]]
        assert len({row[name] for name in after[number:]}) == 1


def test_rules_that_cannot_hold_together_are_named_with_the_cheapest_way_out(jointprice, model, rules):
    file = rules("- {type: unit_margin, min: 0.9}\n- {type: ending, cents: [9]}\n- {type: max_changes, share: 0.25}\n")
    ended = jointprice("task=optimise", QUICK, model, "rules=bounds", file, OWN)
    assert ended.code == 3
    assert not (ended.directory / "prices.csv").exists()
    summary, error = ended.json("summary.json"), ended.json("error.json")
    assert summary["status"] == "infeasible"
    assert error["conflicts"] == summary["conflicts"]
    assert {rule["name"] for one in summary["conflicts"] for rule in one["rules"]} >= {"unit_margin"}
    assert all(one["minimal"] for one in summary["conflicts"])
    assert "The cheapest way out" in ended.err
    assert error["message"] in ended.err


def test_the_way_out_that_a_conflict_proposes_makes_it_feasible(jointprice, model, rules):
    margin, changes = "- {type: unit_margin, min: 0.6}", "- {type: max_changes, share: 0}"
    ended = jointprice("task=optimise", QUICK, model, "rules=bounds", rules(f"{margin}\n{changes}"), OWN)
    assert ended.code == 3
    (conflict,) = ended.json("summary.json")["conflicts"]
    assert {rule["name"] for rule in conflict["rules"]} == {"unit_margin", "max_changes"}
    way = next(way for way in conflict["ways"] if [rule["name"] for rule in way["rules"]] == ["max_changes"])
    share = re.fullmatch(r"share: 0 -> ([\d.]+)", way["rules"][0]["change"])[1]
    mended = rules(f"{margin}\n- {{type: max_changes, share: {share}}}")
    assert jointprice("task=optimise", QUICK, model, "rules=bounds", mended, OWN).code == 0


def test_of_a_rule_on_demand_that_cannot_be_kept_the_most_that_was_found_is_told(jointprice, model, rules):
    file = rules("- {type: portfolio_margin, min: 0.97}")
    ended = jointprice("task=optimise", QUICK, model, file)
    assert ended.code == 3
    summary = json.loads((ended.directory / "summary.json").read_text("utf-8"))
    assert summary["status"] == "not_found"
    (nearest,) = summary["conflicts"]
    assert nearest["name"] == "portfolio_margin"
    assert re.search(r"margin", nearest["breaks"][0])
    assert nearest["breaks"][0] in ended.err
