"""The numbers behind the report: which offers change, why others are held, and the price-sales curves."""

from dataclasses import replace

import numpy as np
import pytest

from jointprice import steps
from jointprice.report import bridge, changes, charts, curves


@pytest.mark.parametrize("objective", ["profit", "revenue", "units"])
def test_the_changes_add_up_to_the_change_of_the_objective(objective, made):
    pricing = made(6, stores=2, objective=objective)
    recommended, current = steps.objective_totals(pricing.answer, pricing.problem.objective)
    found = changes.price_changes(pricing.problem, pricing.answer)
    assert len(found.rows) == 6
    assert sum(row.gain for row in found.rows) == pytest.approx(recommended - current, rel=1e-9)


def test_one_row_stands_for_all_stores_in_which_a_product_changes_alike(made):
    pricing = made(2, stores=4)
    pricing.answer.loc[pricing.answer["store"] == "s3", "price"] *= 1.5
    rows = changes.price_changes(pricing.problem, pricing.answer).rows
    assert sorted((row.product, row.store) for row in rows) == [
        ("p000", "s0, s1, s2"), ("p000", "s3"), ("p001", "s0, s1, s2"), ("p001", "s3"),
    ]  # fmt: skip
    assert [abs(row.gain) for row in rows] == sorted((abs(row.gain) for row in rows), reverse=True)


def test_held_offers_are_grouped_by_their_reason_without_other_notes(made, held):
    pricing = held(made(5), [0, 2], "held: 3 price points; too few; cost of 2020; held_violates: max_change, bounds")
    pricing = held(pricing, [4], "no one price is allowed; cost of 2020")
    offers = pricing.problem.offers.assign(note="cost of 2020")
    found = changes.held_offers(replace(pricing.problem, offers=offers), pricing.answer)
    assert found == [
        changes.Held("3 price points; too few", 2, "p000 (s0), p002 (s0)", "bounds, max_change"),
        changes.Held("no one price is allowed", 1, "p004 (s0)", ""),
    ]


def test_a_row_for_several_stores_has_the_flat_range_that_holds_in_all_of_them(made):
    pricing = made(1, stores=3)
    answer = pricing.answer.assign(flat_low=[1.9, 2.1, 2.0], flat_high=[2.5, 2.4, 2.6])
    (row,) = changes.price_changes(pricing.problem, answer).rows
    assert (row.flat_low, row.flat_high) == (2.1, 2.4)


def test_reasons_that_differ_only_in_what_was_measured_are_one(made, held):
    pricing = held(made(3), [0], "held: price variation 1.3% (at least 3% needed)")
    pricing = held(pricing, [1], "held: price variation 0% (at least 3% needed)")
    pricing = held(pricing, [2], "held: price variation 0% (at least 5% needed)")
    found = [(one.reason, one.count) for one in changes.held_offers(pricing.problem, pricing.answer)]
    assert found == [("price variation … (at least 3% needed)", 2), ("price variation 0% (at least 5% needed)", 1)]


def test_a_curve_moves_only_its_own_product_and_passes_through_the_recommendation(made):
    def demand(prices):  # every price moves every product
        return (100 / prices * prices.mean(-1, keepdims=True))[None]

    pricing = made(3, stores=2)
    problem, prices = replace(pricing.problem, demand=demand), pricing.solution.prices
    (curve,) = curves.product_curves(problem, prices, ["p001"])
    own = (problem.offers["product"] == "p001").to_numpy()
    scaled = np.where(own, prices * 0.8, prices)
    assert curve.units[8] == pytest.approx(float(demand(prices)[0][own].sum()), rel=1e-5)
    assert curve.units[0] == pytest.approx(float(demand(scaled)[0][own].sum()), rel=1e-5)
    assert curve.price[[0, 8, 16]] == pytest.approx(curve.recommended * np.array([0.8, 1, 1.2]))
    assert (curve.recommended, curve.current) == pytest.approx((prices[1], problem.current[1]))


def test_curves_do_not_depend_on_how_many_share_a_call(monkeypatch, made):
    pricing = made(5, stores=2)
    names = ["p004", "p000", "p002"]
    together = curves.product_curves(pricing.problem, pricing.solution.prices, names)
    monkeypatch.setattr(curves, "MOST_CELLS", 2 * 17 * 10)
    in_parts = curves.product_curves(pricing.problem, pricing.solution.prices, names)
    assert [curve.product for curve in in_parts] == names
    for one, other in zip(together, in_parts, strict=True):
        assert one.units == pytest.approx(other.units, rel=1e-6)
        assert (one.low <= one.units).all()
        assert (one.units <= one.high).all()


def test_prices_beyond_the_observed_range_are_shaded(made):
    (curve,) = curves.product_curves(made(1).problem, made(1).solution.prices, ["p000"])
    assert charts.product_curve(curve, "units").count("var(--shade)") == 2
    assert charts.product_curve(curve, "profit").count("var(--shade)") == 4
    assert "var(--shade)" not in charts.product_curve(curve._replace(observed=(0.01, 99.0)), "profit")
    assert "var(--shade)" not in charts.product_curve(curve._replace(observed=(np.nan, np.nan)), "profit")


def test_the_bridge_tells_own_prices_from_those_of_others_and_adds_up(made):
    def demand(prices):  # a dearer rival sells more of a product
        return (100 / prices * prices.mean(-1, keepdims=True))[None]

    pricing = made(4)
    problem, prices = replace(pricing.problem, demand=demand), pricing.solution.prices.copy()
    prices[3] = problem.current[3]
    found = bridge.bridge(problem, prices)
    assert found.before + found.price + found.volume + found.others == pytest.approx(found.after, abs=1e-6)
    margin, before = prices / 1.2 - problem.current / 2, np.asarray(demand(problem.current[None]))[0, 0]
    own = before.copy()
    for row in range(3):
        alone = np.where(np.arange(4) == row, prices, problem.current)
        own[row] = np.asarray(demand(alone[None]))[0, 0, row]
    assert found.volume == pytest.approx((own - before) @ margin, rel=1e-4)
    assert found.others > 0 > found.volume
    lonely = bridge.bridge(pricing.problem, pricing.solution.prices)
    assert lonely.others == pytest.approx(0, abs=1e-3)


def test_of_too_many_products_the_bridge_tells_their_units_together(made, monkeypatch):
    monkeypatch.setattr(bridge, "MOST_CANDIDATES", 3)
    pricing = made(5)
    found = bridge.bridge(pricing.problem, pricing.solution.prices)
    assert found.others is None
    assert found.before + found.price + found.volume == pytest.approx(found.after)


def test_counts_are_of_priced_offers_alone(made, held):
    pricing = held(made(6, factor=1.3), [0], "held: no sales history")
    answer, decision = pricing.answer, pricing.problem.decision.copy()
    decision[0] = -1
    gain = np.arange(6.0)
    found = bridge.counts(replace(pricing.problem, decision=decision), answer, gain)
    assert (found.up, found.down, found.same, found.large) == (5, 0, 0, 5)
    ladder = pricing.problem.ladder[np.arange(6), pricing.problem.rungs - 1]
    highest = answer.assign(price=np.where(np.arange(6) == 4, ladder, answer["price"]))
    at_end = bridge.counts(replace(pricing.problem, decision=decision), highest, gain)
    assert at_end.at_end == found.at_end + 1
    assert at_end.gain_at_end == found.gain_at_end + 4
