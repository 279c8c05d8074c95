"""The response benchmark judges held-out moves net of common effects, leaks no later sales, and resumes."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import response
from benchmarks.response import figures, main, with_errors
from benchmarks.response_doubleml import partially_linear
from benchmarks.response_methods import METHODS, Change, Learner
from benchmarks.response_moves import common_effect, find_moves, noise
from data_io.settings import DataSettings
from jointprice.compose import compose
from jointprice.prepare import prepare

FIRST, LAST = 41, 60
TINY = ["response.heads=[elasticity]", "response.draws=3", "response.folds=0", "response.steps=3"]
FOLLOWED = ["--method", "double_ml (own)", "--method", "loglog_ols", "--first", str(FIRST), *TINY]
NEEDED = {"lightgbm": ["lightgbm"], **{name: ["doubleml", "lightgbm"] for name in ("doubleml", "doubleml, pooled")}}


@pytest.fixture(scope="module")
def prepared():
    return prepare(DataSettings())


@pytest.fixture(scope="module")
def panel(prepared):
    return prepared.panel


@pytest.fixture(scope="module")
def moves(panel):
    return find_moves(panel, FIRST, LAST, 0.05)


@pytest.fixture(scope="module")
def learner(moves):
    return Learner(moves, compose(TINY))


def test_a_move_is_judged_only_in_the_window_without_promotion_and_with_sales_in_both_periods(panel, moves):
    assert len(moves.row) > 100
    assert (moves.period >= FIRST).all()  # 0-based: the period before is the first of the window
    for period in (moves.period, moves.period - 1):
        assert panel.observed[moves.row, period].all()
        assert (panel.units[moves.row, period] > 0).all()
        assert not panel.promotions[moves.row, period].any()
    ratio = panel.price[moves.row, moves.period] / panel.price[moves.row, moves.period - 1]
    assert (np.abs(ratio - 1) >= 0.05 - 1e-9).all()
    np.testing.assert_allclose(moves.log_move, np.log(ratio))
    smaller = find_moves(panel, FIRST, LAST, 0.02)
    assert len(smaller.row) > len(moves.row)


def test_what_a_period_does_to_all_series_is_not_part_of_a_moves_change(panel, moves):
    lifted = panel.units.astype(np.float64)
    lifted[:, 50] *= 3
    again = find_moves(replace(panel, units=lifted), FIRST, LAST, 0.05)
    np.testing.assert_array_equal(again.row, moves.row)
    np.testing.assert_allclose(again.actual, moves.actual, atol=1e-6)


def test_the_common_effect_is_the_mean_of_the_still_series_of_the_category_and_unknown_where_they_are_few(panel):
    change = np.arange(len(panel.series), dtype=float)
    still = np.zeros(len(change), bool)
    still[:6] = True
    one_category = replace(panel, series=panel.series.assign(category="a"))
    assert common_effect(change, still, one_category) == pytest.approx(np.full(len(change), 2.5))
    still[:2] = False
    assert np.isnan(common_effect(change, still, one_category)).all()


def test_a_move_is_calm_only_where_no_rival_of_the_store_changed_its_promotions(panel, moves):
    for row, period, calm in list(zip(moves.row, moves.period, moves.calm, strict=True))[:40]:
        rivals = (panel.series["choice_set"] == panel.series["choice_set"][row]).to_numpy()
        same = (panel.promotions[rivals, period] == panel.promotions[rivals, period - 1]).all()
        assert calm == same
    assert 0 < moves.calm.sum() < len(moves.calm)


def test_noise_has_the_spread_of_known_changes_without_a_move(moves):
    drawn = noise(moves, 300, np.random.default_rng(0))
    quiet = moves.net[:, : moves.known][moves.still[:, : moves.known]]
    assert drawn.shape == (300, len(moves.row))
    assert drawn.std() == pytest.approx(np.nanstd(quiet), rel=0.1)


@pytest.mark.parametrize("method", list(METHODS))
def test_each_method_foretells_that_a_higher_price_sells_less(method, learner, moves):
    for package in NEEDED.get(method, ()):
        pytest.importorskip(package, reason="needs the extra bench")
    found = METHODS[method](learner)
    assert found.mean.shape == moves.row.shape
    assert np.corrcoef(found.mean, moves.log_move)[0, 1] < -0.7
    if found.draws is not None:
        np.testing.assert_allclose(found.weights @ found.draws, found.mean, atol=1e-6)


@pytest.mark.parametrize("method", ["jointprice", "double_ml (own)", "loglog_ols"])
def test_no_method_learns_from_held_out_sales(method, learner, panel, moves):
    units = panel.units.copy()
    units[:, FIRST - 1 :] = units[:, FIRST - 1 :] * 7 + 3
    other = moves._replace(panel=replace(panel, units=units))
    found = METHODS[method](Learner(other, learner.config))
    np.testing.assert_array_equal(found.mean, METHODS[method](learner).mean)


def test_the_anchor_moves_one_price_at_a_time(learner, moves):
    """Alone in its store or beside others that move: the foretold change is the same."""
    kept = np.arange(0, len(moves.row), 7)
    fewer = moves._replace(
        row=moves.row[kept], period=moves.period[kept], log_move=moves.log_move[kept], actual=moves.actual[kept]
    )
    alone = Learner(fewer, learner.config)
    learner.jointprice()
    alone._anchor = learner._anchor
    np.testing.assert_allclose(alone.jointprice().mean, learner.jointprice().mean[kept], atol=1e-5)


def test_figures_of_a_response_foretold_twice_too_large_have_the_slope_one_half():
    foretold = np.random.default_rng(0).normal(size=400)
    found = figures(foretold, foretold / 2 + 0.3, None)
    assert found["slope"] == pytest.approx(0.5)
    assert found["intercept"] == pytest.approx(0.3)
    assert found["correlation"] == pytest.approx(1)
    assert found["coverage80"] is None
    assert figures(foretold, foretold, None)["relative_rmse"] == 0
    assert figures(np.zeros(9), np.ones(9), None)["relative_rmse"] == 1


def test_the_true_response_of_a_market_has_the_slope_one_within_its_error(prepared, moves):
    offers = prepared.market.offers.assign(elasticity=prepared.market.own_elasticity())
    true = prepared.panel.series.merge(offers, on=["store", "product"], how="left")["elasticity"].to_numpy()
    found = with_errors(true[moves.row] * moves.log_move, moves.actual, None, moves.period)
    assert found["slope_error"] < 0.2
    assert found["slope"] == pytest.approx(1, abs=2 * found["slope_error"])


def test_rows_repeated_within_a_period_add_no_certainty():
    rng = np.random.default_rng(0)
    foretold, period = rng.normal(size=40), np.arange(40)
    actual = foretold + rng.normal(size=40)
    once = with_errors(foretold, actual, None, period)
    often = with_errors(*(np.repeat(each, 10) for each in (foretold, actual)), None, np.repeat(period, 10))
    taken_for_new = with_errors(*(np.repeat(each, 10) for each in (foretold, actual)), None, np.arange(400))
    assert often["slope_error"] == pytest.approx(once["slope_error"])
    assert taken_for_new["slope_error"] < once["slope_error"] / 2
    residual = actual - foretold * once["slope"] - once["intercept"]
    assert once["slope_error"] == pytest.approx(residual.std() / foretold.std() / np.sqrt(40), rel=0.3)


def test_the_interval_of_response_plus_noise_covers_changes_that_are_just_that(moves):
    drawn = noise(moves, 1, np.random.default_rng(9))[0]
    foretold = -3 * moves.log_move
    sure = Change(foretold, foretold[None], np.ones(1))
    inside = response.covered(sure, moves._replace(actual=foretold + drawn), 0)
    assert inside.mean() == pytest.approx(0.8, abs=0.06)
    assert response.covered(Change(foretold), moves, 0) is None


def test_a_call_prints_the_table_and_a_second_measures_nothing_again(tmp_path, capsys, monkeypatch):
    out = tmp_path / "response.json"
    main([*FOLLOWED, "--out", str(out)])
    assert "loglog_ols" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert {"date", "machine", "arguments", "table"} <= set(result)
    assert [(row["moves"], row["method"]) for row in result["table"][:2]] == [
        ("all", "double_ml (own)"),
        ("all", "loglog_ols"),
    ]
    assert result["table"][0]["rows"] > result["table"][2]["rows"]
    kept = out.with_suffix(".jsonl")
    kept.write_text(kept.read_text() + '{"cut off')
    monkeypatch.setattr(response, "score", lambda *_: pytest.fail("measured again"))
    main([*FOLLOWED, "--out", str(out)])
    assert json.loads(out.read_text())["table"] == result["table"]


@pytest.mark.parametrize("package", ["lightgbm", "doubleml"])
def test_a_method_whose_package_is_missing_is_skipped_and_the_rest_goes_on(package, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    main(["--method", package, "--method", "loglog_ols", "--out", str(tmp_path / "response.json"), *TINY])
    told = capsys.readouterr()
    assert f"{package} skipped" in told.err
    assert "jointprice[bench]" in told.err
    assert {row["method"] for row in json.loads((tmp_path / "response.json").read_text())["table"]} == {"loglog_ols"}


@pytest.mark.parametrize("wrong", [["--first", "1"], ["--first", "60"], ["--smallest-move", "5"]])
def test_a_window_without_moves_or_history_is_refused_with_the_mend(wrong, tmp_path):
    with pytest.raises(SystemExit, match=r"Give 2 <= first|Widen the window"):
        main([*wrong, "--out", str(tmp_path / "response.json")])


def test_the_juice_window_is_the_tables_weeks_100_to_136():
    asked = SimpleNamespace(experiment="orange_juice", folder="somewhere", first=None, last=None)
    assert response.window(asked, SimpleNamespace(periods=range(97))) == (61, 97)


def test_doublemls_slope_is_that_of_its_residuals_with_an_error_clustered_by_period(panel):
    pytest.importorskip("doubleml", reason="needs the extra bench")
    pytest.importorskip("lightgbm", reason="needs the extra bench")
    code = np.unique(panel.series["product"], return_inverse=True)[1]
    kept = (panel.series["category"] == panel.series["category"].iloc[0]).to_numpy()
    found = partially_linear(panel, code, kept)
    assert not found.rows[~kept].any()
    units, price = np.moveaxis(found.left, -1, 0)
    assert found.slope == pytest.approx((units * price).sum() / (price**2).sum(), rel=0.01)  # folds weigh alike there
    scores = ((units - found.slope * price) * price).sum(0)
    assert found.error == pytest.approx(np.sqrt((scores**2).sum()) / (price**2).sum(), rel=0.15)
