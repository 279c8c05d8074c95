"""The table of elasticities finds what is known on synthetic sales, with errors as large as the estimates' scatter."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks.elasticities import groups_of, main, measure, with_volumes
from benchmarks.elasticity_category import volume_on_index
from benchmarks.elasticity_regressions import regress, table_of, without
from benchmarks.elasticity_specifications import CROSS_FITTED, SPECIFICATIONS, estimates
from data_io.types import SalesPanel

PRODUCTS, STORES, PERIODS = 3, 6, 60
OWN, RIVALS, STOCKED = -2.5, 0.9, 0.4  # STOCKED: of last week's price
REPEATS = 40


def panel(seed, *, stocked=0.0, follows=0.0, cost_noise=0.05, bias_of_stores=0.0, noise=0.1):
    """Chain-wide prices with some noise of stores; sales share a shock per product and week.

    Args:
        follows: what prices load on that shock. bias_of_stores: what dear stores sell more, as an elasticity.
    """
    rng = np.random.default_rng(seed)
    shape = (STORES, PRODUCTS, PERIODS)
    cost = rng.normal(0, 1, (1, PRODUCTS, PERIODS)) * cost_noise + rng.normal(0, 0.01, shape)
    shock = np.broadcast_to(rng.normal(0, noise, (1, PRODUCTS, PERIODS)), shape)
    dear = rng.normal(0, 0.1, (STORES, 1, 1))
    log_price = 0.7 + dear + cost + rng.normal(0, 0.1, (1, PRODUCTS, PERIODS)) + follows * shock
    log_price = log_price + rng.normal(0, 0.02, shape)
    rivals = (log_price.sum(1, keepdims=True) - log_price) / (PRODUCTS - 1)
    lag = np.concatenate([log_price[..., :1], log_price[..., :-1]], -1)
    level = 6 + rng.normal(0, 0.2, (1, PRODUCTS, 1)) + bias_of_stores * dear
    log_units = level + OWN * log_price + RIVALS * rivals + stocked * lag + shock + rng.normal(0, 0.05, shape)
    names = [(f"store-{m}", f"product-{j}", m) for m in range(STORES) for j in range(PRODUCTS)]
    series = pd.DataFrame(names, columns=["store", "product", "choice_set"]).assign(category="a", size=1.0)
    flat = (len(series), PERIODS)
    return SalesPanel(
        series=series,
        periods=pd.date_range("2024-01-01", periods=PERIODS, freq="7D"),
        frequency="week",
        units=np.exp(log_units).reshape(flat),
        price=np.exp(log_price).reshape(flat),
        cost=np.exp(cost).reshape(flat),
        observed=np.ones(flat, bool),
        censored=np.zeros(flat, bool),
        traffic=np.zeros(flat, np.float32),
        competitor=np.full(flat, np.nan),
        promotions=np.zeros((*flat, 1), np.float32),
        numeric=np.zeros((*flat, 0), np.float32),
        promotion_names=("promo",),
        numeric_names=(),
        categorical_names=(),
        attribute_names=("size",),
    )


def found(given) -> dict:
    return {row["specification"]: row for row in estimates(table_of(given)[0])}


def test_every_specification_says_what_it_assumes_and_finds_the_truth_where_nothing_is_wrong():
    rows = found(panel(0, noise=0.02))
    asked = {spec.name for spec in SPECIFICATIONS if not spec.lag} | {CROSS_FITTED[0]}
    assert asked | {"+ lagged prices, short run", "+ lagged prices, long run"} == set(rows)
    for name, row in rows.items():
        assert len(row["assumes"]) > 20
        assert row["own_error"] > 0
        if "category" in row:
            assert row["own"] == pytest.approx(OWN, abs=0.2), name
            assert row["category"] == pytest.approx(OWN + RIVALS, abs=0.35), name
    assert "category" not in rows["pooled"]


def test_clustered_errors_cover_the_truth_and_iid_errors_would_not():
    clustered, iid = [], []
    for seed in range(REPEATS):
        table = table_of(panel(seed))[0]
        rows = table.rows
        left, absorbed = without(
            "series", np.stack([table.log_units, table.log_price, table.rivals], -1), rows, table.pool
        )
        fitted = regress(left[..., 0], left[..., 1:], rows, absorbed)
        for weights, truth in (([1.0, 0.0], OWN), ([1.0, 1.0], OWN + RIVALS)):
            value, error = fitted.sum(np.array(weights))
            clustered.append(abs(value - truth) < 1.96 * error)
            residual = (left[..., 0] - left[..., 1:] @ fitted.coefficient)[rows]
            x = left[..., 1:][rows]
            naive = np.sqrt(residual.var() * (weights @ np.linalg.inv(x.T @ x) @ weights))
            iid.append(abs(value - truth) < 1.96 * naive)
    assert 0.85 < np.mean(clustered) <= 1
    assert np.mean(iid) < 0.75


def test_the_long_run_counts_what_was_only_brought_forward():
    rows = found(panel(1, stocked=STOCKED, noise=0.02))
    assert rows["+ lagged prices, short run"]["own"] == pytest.approx(OWN, abs=0.1)
    assert rows["+ lagged prices, long run"]["own"] == pytest.approx(OWN + STOCKED, abs=0.15)


def test_dear_stores_that_sell_more_mislead_only_the_comparison_across_stores():
    rows = found(panel(2, bias_of_stores=1.5, noise=0.02))
    for column, truth in (("own", OWN), ("category", OWN + RIVALS)):
        assert rows["+ rivals' prices"][column] == pytest.approx(truth, abs=0.3)
    assert rows["across stores only"]["category"] > OWN + RIVALS + 1


def test_costs_that_ignore_demand_tell_the_truth_where_prices_followed_it():
    rows = found(panel(3, follows=0.5, cost_noise=0.15, noise=0.3))
    assert rows["+ season and trend"]["own"] > OWN + 0.2
    cost = rows["cost instrument"]
    assert cost["own"] == pytest.approx(OWN, abs=2.5 * cost["own_error"])
    assert cost["own_error"] < 0.5
    assert cost["first_stage_f"] > 23


def test_without_costs_no_instrument_is_asked():
    given = panel(0)
    blank = SalesPanel(**{**vars(given), "cost": np.full(given.cost.shape, np.nan)})
    assert "cost instrument" not in found(blank)


def test_the_categorys_volume_answers_its_price_level_by_own_plus_cross():
    same, long = volume_on_index(panel(4, noise=0.02), np.ones(STORES * PRODUCTS))
    assert same["category"] == pytest.approx(OWN + RIVALS, abs=0.2)
    assert long["category"] == pytest.approx(OWN + RIVALS, abs=0.4)
    assert long["category_error"] > same["category_error"]


def test_an_elasticity_of_minus_one_turns_a_tenth_off_all_prices_into_a_ninth_more_volume():
    row = with_volumes({"category": -1.0})
    assert row["volume_at_-10%"] == pytest.approx(1 / 9)
    assert row["volume_at_+10%"] == pytest.approx(-1 / 11)
    assert with_volumes({"own": -2.0}) == {"own": -2.0}


def test_groups_are_all_and_each_value_of_the_attribute_and_their_estimates_differ():
    given = panel(5)
    sizes = np.where(given.series["product"] == "product-0", 2.0, 1.0)
    given.series["size"] = sizes
    groups = groups_of(given, "size")
    assert list(groups) == ["all", "size 1", "size 2"]
    assert groups["size 2"].sum() == STORES
    rows = pd.DataFrame(measure(given, "size", None, None))
    own = rows[rows["specification"] == "product × store effects"].set_index("group")["own"]
    assert own.nunique() == 3
    assert (rows.groupby("group").size() >= len(SPECIFICATIONS)).all()


def test_a_call_prints_both_tables_and_writes_every_line_with_the_anchor(tmp_path, capsys):
    out = tmp_path / "elasticities.json"
    main(["--out", str(out), "response.heads=[elasticity]", "response.draws=3", "response.folds=0", "response.steps=3"])
    told = capsys.readouterr().out
    assert "own-price elasticity" in told
    assert "elasticity of the category's volume" in told
    rows = {row["specification"]: row for row in json.loads(out.read_text())["table"] if row["group"] == "all"}
    anchor = rows["the engine's anchor"]
    assert "elasticity 1.00" in anchor["assumes"]
    assert anchor["own"] < anchor["category"] < 0
    assert anchor["volume_at_+10%"] < 0 < anchor["volume_at_-10%"]
    assert "chain experiments" not in rows
