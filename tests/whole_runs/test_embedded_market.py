"""The embedded market through the whole job: what a complete run directory holds, and what its prices keep to."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from data_io.write import read_manifest, verify

ROOT = Path(__file__).parents[2]
QUICK = "experiment=quick"
PRICE_COLUMNS = [
    *("product", "store", "category", "current_price", "price", "change_pct", "cost", "units_current", "units"),
    *("units_p10", "units_p90", "revenue", "profit", "profit_current", "margin", "stock", "competitor_price"),
    *("elasticity", "power", "exogeneity", "tier", "binding_rules", "extrapolated", "status", "note", "currency"),
    *("flat_low", "flat_high", "reason", "exogeneity_reason", "test_design", "robustness_value", "first_stage_f"),
    "service_level",
]
FIGURES = {"rows", "mae", "mse", "rmse", "mape", "wape", "r2", "bias", "coverage80"}
SUMMARY = {
    "offers": {"total", "priced", "held"},
    "objective": {"name", "current", "recommended"},
    "uplift": {"in_model", "promised", "optimism", "mix", "level", "market_size"},
    "oracle": {"share", "captured", "uplift_realised", "hold_share"},
    "search": {"optimiser", "evaluations", "seconds", "bound", "gap", "table_error"},
    "seconds": {"read", "train", "search", "report", "total"},
}


def test_a_run_leaves_a_complete_directory_whose_manifest_verifies(default_run):
    folder = default_run.directory
    names = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert names >= {
        *("prices.csv", "prices.parquet", "summary.json", "metrics.json", "report.html"),
        *("train_log.jsonl", "search_log.jsonl", "model/arrays.safetensors", "model/model.json"),
        *(".hydra/config.yaml", ".hydra/overrides.yaml"),
    }
    assert names == set(read_manifest(folder))
    verify(folder)


def test_prices_rest_on_the_anchor_and_its_halves_promise(jointprice):
    small = ["name=anchor", "heads=[elasticity,linear]", "draws=4", "search_draws=4", "folds=2", "steps=5"]
    ended = jointprice(QUICK, "training.promise_members=1", *(f"response.{one}" for one in small))
    assert ended.code == 0, ended.err
    summary = ended.json("summary.json")
    assert summary["oracle"]["share"] > summary["oracle"]["hold_share"]
    promised = summary["uplift"]["promised"]
    assert promised["p10"] <= promised["mean"] <= promised["p90"]
    assert promised["mean"] > 0
    assert promised["mean"] != summary["uplift"]["in_model"]
    assert f"promised {promised['mean']:+,.2f}" in ended.out
    assert sum(ended.json("metrics.json")["response"].values()) == pytest.approx(1)


def test_prices_have_the_columns_of_the_contract_in_their_order_and_one_row_per_offer(default_run):
    prices = default_run.prices()
    assert list(prices) == PRICE_COLUMNS
    assert len(prices) == 96
    assert not prices.duplicated(["product", "store"]).any()
    pd.testing.assert_frame_equal(prices, prices.sort_values(["store", "product"]))
    assert set(prices["power"]) <= {"identified", "weak", "none"}
    assert set(prices["exogeneity"]) <= {"tested", "assumed"}
    assert set(prices["tier"]) <= {"full", "small", "hold"}
    assert set(prices["status"]) <= {"priced", "held"}


def test_the_parquet_file_holds_the_same_prices(default_run):
    stored = pd.read_parquet(default_run.directory / "prices.parquet")
    prices = default_run.prices()
    assert list(stored) == PRICE_COLUMNS
    for name in ("product", "store", "price", "units", "profit", "status"):
        assert stored[name].tolist() == prices[name].tolist()


def test_most_offers_with_an_identified_price_response_are_priced(default_run):
    prices = default_run.prices()
    identified = prices[prices["power"] == "identified"]
    assert len(identified) > 0
    assert (identified["status"] == "priced").mean() >= 0.8


def test_the_summary_has_the_keys_of_the_contract(default_run):
    summary = default_run.json("summary.json")
    assert summary.keys() >= {
        *("status", "task", "seed", "period", "rules", "device", "versions", "inputs", "config_sha256", "warnings"),
        *SUMMARY,
    }
    for name, keys in SUMMARY.items():
        assert summary[name].keys() >= keys
    assert summary["uplift"]["promised"].keys() == {"mean", "p10", "p90"}
    assert all(rule.keys() >= {"name", "hard", "violation", "binding_offers", "cost"} for rule in summary["rules"])
    assert summary["inputs"]["sales"]["rows"] == 5760
    assert (summary["status"], summary["task"], summary["period"]) == ("done", "run", "2024-02-26")


def test_the_totals_of_the_summary_are_the_sums_of_the_prices(default_run):
    summary, prices = default_run.json("summary.json"), default_run.prices()
    objective, offers = summary["objective"], summary["offers"]
    assert objective["recommended"] == pytest.approx(prices["profit"].sum(), abs=1e-6)
    assert objective["current"] == pytest.approx(prices["profit_current"].sum(), abs=1e-6)
    assert summary["uplift"]["in_model"] == pytest.approx(objective["recommended"] - objective["current"], abs=1e-6)
    assert (offers["total"], offers["priced"]) == (96, (prices["status"] == "priced").sum())


def test_the_market_whose_truth_is_known_is_judged_beside_holding_prices(default_run):
    oracle = default_run.json("summary.json")["oracle"]
    assert 0 < oracle["hold_share"] < 1  # other prices than the current ones are best there
    assert 0 < oracle["share"] <= 1 + 1e-3  # the oracle is itself found by a search
    expected = (oracle["share"] - oracle["hold_share"]) / (1 - oracle["hold_share"])
    assert oracle["captured"] == pytest.approx(expected, abs=1e-6)
    assert f"{100 * oracle['share']:.1f} % of the oracle" in default_run.out


def test_metrics_have_the_figures_of_the_contract(default_run):
    metrics = default_run.json("metrics.json")
    assert metrics["split"].keys() == {"train", "validation", "test"}
    assert len(metrics["members"]) == 2
    for figures in (*metrics["split"].values(), *metrics["members"], metrics["naive"]):
        assert figures.keys() >= FIGURES
    assert sum(figures["rows"] for figures in metrics["split"].values()) == 5760


def test_the_logs_have_a_row_per_epoch_and_per_generation(default_run):
    train, search = (
        [json.loads(line) for line in (default_run.directory / name).read_text("utf-8").splitlines()]
        for name in ("train_log.jsonl", "search_log.jsonl")
    )
    assert {row["epoch"] for row in train} == {1, 2, 3}
    assert all(row.keys() >= {"evaluations", "best", "mean", "violation", "seconds"} for row in search)
    assert [row["evaluations"] for row in search] == sorted(row["evaluations"] for row in search)


def test_written_prices_pass_the_exact_checker(default_run, broken_rules):
    assert broken_rules(default_run) == []


def test_written_prices_keep_bounds_and_small_steps_by_hand(default_run, market):
    prices = pd.read_csv(default_run.directory / "prices.csv", dtype=str).set_index(["product", "store"])
    bounds = market["offers"].astype(str).set_index(["product", "store"]).loc[prices.index]
    columns = (prices["price"], prices["current_price"], bounds["min_price"], bounds["max_price"])
    for row in zip(*columns, strict=True):
        price, current, low, high = map(Decimal, row)
        assert low <= price <= high
        assert abs(price - current) <= current * Decimal("0.15")
        assert price == price.quantize(Decimal("0.01"))


def test_a_product_has_one_price_in_all_stores(default_run):
    prices = default_run.prices()
    priced = prices[prices["status"] == "priced"]
    assert (priced.groupby("product")["price"].nunique() == 1).all()
    assert (prices["price"] != prices["current_price"]).any()


@pytest.mark.nightly
def test_stores_may_have_prices_of_their_own(jointprice, broken_rules):
    overrides = (QUICK, "search.scope=store_product")
    ended = jointprice(*overrides)
    assert ended.code == 0, ended.err
    assert broken_rules(ended, *overrides) == []
    assert (ended.prices().groupby("product")["price"].nunique() > 1).any()


def test_the_same_seed_writes_the_same_bytes_in_a_process_of_its_own(default_run, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "jointprice", QUICK]
    ended = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert ended.returncode == 0, ended.stderr
    (written,) = tmp_path.glob("outputs/*/*/prices.csv")
    assert written.read_bytes() == (default_run.directory / "prices.csv").read_bytes()
    told, told_here = (text.splitlines()[:-1] for text in (ended.stdout, default_run.out))
    assert told == told_here  # all but the last line, which names the directory


@pytest.mark.nightly
def test_another_seed_writes_other_prices(default_run, jointprice):
    other = jointprice(QUICK, "seed=1")
    assert other.code == 0, other.err
    assert (other.directory / "prices.csv").read_bytes() != (default_run.directory / "prices.csv").read_bytes()


def test_results_go_to_stdout_and_progress_to_stderr(default_run):
    first, *_, last = default_run.out.splitlines()
    assert first.startswith("run: done · period 2024-02-26 · ")
    assert "largest price changes" in default_run.out
    assert last == f"files: {default_run.directory.relative_to(default_run.place)}"
    assert "train" in default_run.err
    assert "train:" not in default_run.out
