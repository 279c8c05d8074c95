"""What-if answers are the numbers of prices.csv, and approved prices are checked, explained and kept."""

import csv
import json

import numpy as np
import pytest

from data_io.errors import ConfigError
from data_io.write import verify
from jointprice.whatif.approve import approve
from jointprice.whatif.plan import Approval, Change, Plan, Reason


def decision_of(desk, store="store-02", product="product-03"):
    return next(one for one in desk.decisions() if (one["product"], one["store"]) == (product, store))


def test_the_recommended_plan_has_the_numbers_of_prices_csv_to_the_last_digit(desk):
    answer, found = desk.pricing.answer, desk.evaluate(Plan())
    for name, values in found["decisions"].items():
        expected = [answer[name].iloc[rows].sum() for rows in desk.rows]
        assert values == [float(value) for value in expected]
    assert found["prices"] == [answer["price"].iloc[rows[0]] for rows in desk.rows]
    assert desk.check(Plan())["breaches_total"] == 0


def test_a_dearer_product_sells_less_and_its_rivals_more_and_the_current_plan_gains_nothing(desk):
    one = decision_of(desk)
    price = round(one["recommended"] * 1.1, 2)
    before = desk.evaluate(Plan())["decisions"]["units"]
    after = desk.evaluate(Plan(changes=[Change(decision=one["decision"], price=price)]))["decisions"]["units"]
    assert after[one["decision"]] < before[one["decision"]]
    assert sum(after) - after[one["decision"]] > sum(before) - before[one["decision"]]
    assert desk.evaluate(Plan(start="current"))["totals"]["gain"] == 0


def test_costs_and_stocks_enter_the_money_and_excluded_prices_are_the_current_ones(desk):
    one = decision_of(desk)
    plain = desk.evaluate(Plan())["totals"]
    dear = desk.evaluate(Plan(changes=[Change(decision=one["decision"], cost=one["cost"] + 1)]))["totals"]
    sold = desk.evaluate(Plan())["decisions"]["units"][one["decision"]]
    assert plain["profit"] - dear["profit"] == pytest.approx(sold, rel=1e-3)
    out = desk.evaluate(Plan(changes=[Change(decision=one["decision"], excluded=True)]))
    assert out["prices"][one["decision"]] == pytest.approx(one["current_low"])


def test_the_rest_is_optimised_around_pins_and_within_bounds(desk):
    one, other = decision_of(desk), decision_of(desk, product="product-04")
    pinned = round(one["current_low"] * 0.95, 2)
    high = round((other["allowed_low"] + other["allowed_high"]) / 2, 2)
    changes = [
        Change(decision=one["decision"], price=pinned, pinned=True),
        Change(decision=other["decision"], high=high),
    ]
    prices = desk.optimise(Plan(changes=changes))["prices"]
    assert prices[one["decision"]] == pinned
    assert prices[other["decision"]] <= high
    moved = [Change(decision=number, price=price) for number, price in enumerate(prices)]
    start = Plan(changes=[Change(decision=one["decision"], price=pinned)])
    gains = [desk.evaluate(plan)["totals"]["gain"] for plan in (Plan(changes=moved), start)]
    assert desk.check(Plan(changes=moved))["breaches_total"] == 0
    assert gains[0] > 0.98 * gains[1]
    with pytest.raises(ConfigError, match=r"product-03 \(store-02\): no price that the rules allow lies between"):
        desk.optimise(Plan(changes=[Change(decision=one["decision"], low=900, high=1000)]))


def test_prices_other_than_the_recommended_ones_need_a_reason_and_keep_hard_rules(desk):
    one = decision_of(desk)
    far = Plan(changes=[Change(decision=one["decision"], price=one["current_low"] * 3)])
    with pytest.raises(ConfigError, match=r"Say why .*product-03 \(store-02\)"):
        approve(desk, Approval(plan=far, person="Ann"))
    said = [Reason(decision=one["decision"], words="=SUM(A1)")]
    with pytest.raises(ConfigError, match=r"These prices break hard rules: price .* by more than 15\.0 %"):
        approve(desk, Approval(plan=far, person="Ann", reasons=said))
    assert not (desk.output / "approved").exists()
    done = approve(desk, Approval(plan=far, person="=Ann", reasons=said, accept_breaches=True))
    assert (done["overrides"], done["prices"]) == (1, 96)
    assert done["breaches"] >= 1
    verify(desk.output / "approved")
    for person in ("Bob\u0085\u2028", "Cid"):  # line ends to some, not to a file of JSON lines
        approve(desk, Approval(plan=Plan(), person=person))
    trail = (desk.output / "approved" / "audit.jsonl").read_text("utf-8").strip("\n").split("\n")
    first, second, third = map(json.loads, trail)
    assert (first["person"], second["person"], third["person"]) == ("=Ann", "Bob\u0085\u2028", "Cid")
    assert first["overrides"][0]["reason"] == "=SUM(A1)"
    assert first["breaches"]
    assert second["overrides"] == []


def test_approved_prices_run_no_formula_in_a_spreadsheet(desk):
    one = decision_of(desk)
    plan = Plan(changes=[Change(decision=one["decision"], price=round(one["recommended"] - 0.01, 2))])
    approve(desk, Approval(plan=plan, person="Ann", reasons=[Reason(decision=one["decision"], words="@cmd")]))
    with (desk.output / "approved" / "prices.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [value for row in rows for name, value in row.items() if name in ("product", "store", "note", "reason")]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@"))]
    overridden = [row for row in rows if "override by Ann: @cmd" in row["note"]]
    assert len(overridden) == 1


def test_scenarios_are_kept_by_name_with_their_totals(desk):
    desk.save("b", Plan())
    kept = desk.save("a", Plan(start="current"))
    assert [one["name"] for one in kept] == ["a", "b"]
    assert kept[0]["totals"]["gain"] == 0
    assert kept[1]["totals"]["gain"] == desk.evaluate(Plan())["totals"]["gain"]
    assert Plan(**kept[0]["plan"]) == Plan(start="current")


def test_a_decision_that_there_is_not_is_refused(desk):
    with pytest.raises(ConfigError, match="There is no decision 96"):
        desk.evaluate(Plan(changes=[Change(decision=96)]))
    assert np.isfinite(desk.evaluate(Plan())["totals"]["gain"])
