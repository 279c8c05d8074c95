"""The decision benchmark scores methods by the contract's definitions, survives failures, and resumes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import decisions
from benchmarks.decision_methods import SIMPLE, Decision, changes_training, ols_markup
from benchmarks.decisions import Case, main, measure, parse, run, score, table
from data_io.markets.catalogue import make_market
from data_io.markets.oracle import oracle_prices
from ensemble import learn

TINY = (
    "experiment=quick search=random search.evaluations=64 training.epochs=1 training.refit=false "
    "ensemble.members=1 ensemble.groups=[{body:mlp,head:elasticity}] training.promise_members=1 "
    "response.heads=[elasticity] response.draws=3 response.folds=0 response.steps=3"
)
SIMPLEST = ["--markets", "loglog", "--methods", "hold,ols_markup", "--seeds", "1"]


@pytest.fixture(scope="module")
def market():
    return make_market("loglog", "exogenous", 0)


def case(seed=0):
    return Case("loglog", "exogenous", seed, None)


def test_a_call_prints_the_table_and_writes_the_result_with_machine_and_date(tmp_path, capsys):
    out = tmp_path / "decisions_tiny.json"
    main([*SIMPLEST, "--out", str(out)])
    assert "ols_markup" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert {"date", "machine", "arguments", "table", "cells"} <= set(result)
    assert result["arguments"]["markets"] == [["loglog", "exogenous"]]
    assert [row["method"] for row in result["table"]] == ["hold", "ols_markup"]
    assert str(tmp_path) not in out.read_text()


def test_a_second_call_does_only_what_is_missing(tmp_path, monkeypatch):
    out = tmp_path / "decisions_tiny.json"
    main([*SIMPLEST, "--out", str(out)])
    kept = out.with_suffix(".jsonl").read_text()
    asked = []
    monkeypatch.setattr(
        decisions, "run", lambda case, rules, decide: asked.append(case.seed) or run(case, rules, decide)
    )
    main([*SIMPLEST, "--out", str(out)])
    assert asked == []
    assert out.with_suffix(".jsonl").read_text() == kept
    main([*SIMPLEST[:-1], "0,1", "--out", str(out)])
    assert asked == [1, 1]
    assert len(json.loads(out.read_text())["cells"]) == 4


def test_a_line_cut_off_by_an_interruption_is_measured_again(tmp_path):
    kept = tmp_path / "cells.jsonl"
    list(measure([case()], {"hold": None}, kept))
    whole = kept.read_text()
    kept.write_text(whole + whole[:40])
    cells = list(measure([case(), case(1)], {"hold": None}, kept))
    assert [cell["seed"] for cell in cells] == [0, 1]
    assert [json.loads(line)["seed"] for line in kept.read_text().splitlines()] == [0, 1]


def test_a_failing_cell_is_recorded_and_tried_again_and_the_rest_goes_on(tmp_path, monkeypatch):
    def fail(market):
        raise ValueError("no prices today")

    monkeypatch.setitem(SIMPLE, "ols_markup", fail)
    kept = tmp_path / "cells.jsonl"
    cells = list(measure([case(), case(1)], {"ols_markup": None, "hold": None}, kept))
    assert [cell["status"] for cell in cells] == ["failed", "done", "failed", "done"]
    assert cells[0]["error"] == "ValueError: no prices today"
    rows = table(cells).set_index("method")
    assert rows.loc["ols_markup", ["seeds", "failed"]].tolist() == [0, 2]
    assert rows.loc["hold", ["seeds", "failed"]].tolist() == [2, 0]
    monkeypatch.undo()
    again = list(measure([case(), case(1)], {"ols_markup": None}, kept))
    assert [cell["status"] for cell in again] == ["done", "done"]


def test_holding_captures_nothing_and_the_oracle_everything(market):
    best = oracle_prices(market)
    profit = float(market.profit(best))
    held, found = (score(market, profit, Decision(prices)) for prices in (market.hold, best))
    assert (held["captured"], held["realised"]) == (0, 0)
    assert held["share"] == pytest.approx(1 / (1 + held["oracle_uplift"]))
    assert (found["share"], found["captured"]) == (1, 1)


def test_true_elasticities_have_no_error_and_shifted_ones_their_shift(market):
    truth = market.own_elasticity()
    decision = Decision(market.hold, elasticity=truth)
    assert score(market, 1.0, decision)["elasticity_rmse"] == 0
    shifted = replace(decision, elasticity=truth + 0.5)
    assert score(market, 1.0, shifted)["elasticity_rmse"] == pytest.approx(0.5)


def test_promises_are_summed_over_the_seeds_where_the_oracle_gains():
    cell = {"market": "m", "variant": "v", "method": "a", "status": "done", "captured": 0.5, "seconds": 1.0}
    cell |= {"rules": "bounds", "broken": 0.0}
    cell |= dict.fromkeys(("elasticity_rmse", "rmse_identified", "identified", "in_model", "covered"))
    cells = [
        cell | {"seed": 0, "share": 0.9, "promised": 30.0, "realised": 10.0, "oracle_uplift": 0.2},
        cell | {"seed": 1, "share": 0.8, "promised": 10.0, "realised": 30.0, "oracle_uplift": 0.2},
        cell | {"seed": 2, "share": 0.7, "promised": 900.0, "realised": 1.0, "oracle_uplift": 0.01},
    ]
    row = table(cells).iloc[0]
    assert row["promised_over_realised"] == 1.0
    assert row["worst"] == 0.7
    assert row["share"] == pytest.approx(0.8)
    assert row["error"] == pytest.approx(0.1 / np.sqrt(3))


def test_markup_pricing_finds_the_elasticities_and_keeps_the_bounds(market):
    decision = ols_markup(market)
    low, high = market.offers["min_price"].to_numpy(), market.offers["max_price"].to_numpy()
    assert ((decision.prices >= low) & (decision.prices <= high)).all()
    assert np.corrcoef(decision.elasticity, market.own_elasticity())[0, 1] > 0.5
    free = (decision.prices > low) & (decision.prices < high)
    margin = 1 - market.offers["cost"].to_numpy() / decision.prices
    np.testing.assert_allclose(margin[free], -1 / decision.elasticity[free])


def test_trees_keep_the_bounds_and_expect_a_gain(market):
    pytest.importorskip("lightgbm", reason="LightGBM (extra bench) is not installed")
    decision = SIMPLE["lightgbm_grid"](market)
    low, high = market.offers["min_price"].to_numpy(), market.offers["max_price"].to_numpy()
    assert ((decision.prices >= low - 1e-9) & (decision.prices <= high + 1e-9)).all()
    assert decision.promised >= 0
    assert np.median(decision.elasticity) < 0


@pytest.mark.nightly
def test_jointprice_is_scored_under_the_overrides_named(tmp_path):
    asked = parse(["--markets", "loglog", "--methods", "", "--method", f"tiny:{TINY}", "--seeds", "1"])
    (cell,) = measure([case()], asked.methods, tmp_path / "cells.jsonl")
    assert cell["status"] == "done", cell
    assert 0 < cell["share"] <= 1
    assert cell["promised"] is not None
    assert cell["elasticity_rmse"] > 0


@pytest.mark.nightly
def test_a_model_is_trained_once_for_both_rule_sets_and_every_objective_and_search(tmp_path, monkeypatch):
    trained = []
    train = learn.train_networks
    monkeypatch.setattr(learn, "train_networks", lambda *args, **more: trained.append(1) or train(*args, **more))
    tiny = tuple(TINY.split())
    methods = {"tiny": tiny, "revenue": (*tiny, "objective=revenue", "objective.risk=0", "search.evaluations=32")}
    cells = list(measure([case(7)], methods, tmp_path / "cells.jsonl", ["bounds", "default"]))
    assert [cell["status"] for cell in cells] == ["done"] * 4, cells
    assert len(trained) == 1
    assert len({cell["share"] for cell in cells}) == 4


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (["--methods", "guess"], "ols_markup"),
        (["--method", "default"], "NAME:OVERRIDES"),
        (["--markets", "utopia"], "loglog"),
        (["--rules", "none"], "default"),
        (["--methods", ""], "nothing to measure"),
    ],
)
def test_a_misspelt_choice_is_refused_with_the_known_ones(wrong, told, capsys):
    with pytest.raises(SystemExit):
        parse(wrong)
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("override", "changes"),
    [
        ("rules=default", False),
        ("rules.file=rules.yaml", False),
        ("objective.risk=0", False),
        ("search=random", False),
        ("search.scope=product", False),
        ("aggregation=vote", False),
        ("aggregation=weighted", True),
        ("training.epochs=3", True),
        ("data.market_seed=4", True),
        ("seed=1", True),
    ],
)
def test_only_what_changes_training_asks_for_another_model(override, changes):
    assert changes_training(override) == changes


@pytest.mark.parametrize(("text", "seeds"), [("3", [0, 1, 2]), ("3,8", [3, 8]), ("3,", [3])])
def test_seeds_are_a_number_of_them_or_a_list(text, seeds):
    assert parse(["--markets", "loglog", "--seeds", text]).seeds == seeds
