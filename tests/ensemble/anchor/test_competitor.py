"""Competitor prices in the anchor: learnt, expected where unknown, and followed where the competitor follows."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.load import load_tables
from data_io.markets.competitor import make
from data_io.panel import build_panel
from data_io.settings import DataSettings
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.competitor import competitor
from ensemble.anchor.settings import AnchorSettings

FEW = AnchorSettings(heads=["elasticity", "nested"], draws=6, steps=12, folds=0)


def panel_of(variant, seed=0, **sizes):
    market = make(variant, seed, **sizes)
    tables = load_tables(DataSettings(), sales=market.sales, products=market.products, offers=market.offers)
    return build_panel(tables, DataSettings())


def found_in(panel):
    z = np.log(panel.price) - np.median(np.log(panel.price), axis=1, keepdims=True)
    return competitor(panel, np.ones(len(panel.periods)), z, None)


@pytest.mark.parametrize("seed", range(2))
def test_a_reaction_is_found_where_there_is_one_and_nowhere_else(seed):
    assert found_in(panel_of("passive", seed)).reaction < 0.1
    assert found_in(panel_of("reacts", seed)).reaction == pytest.approx(0.5, abs=0.15)


@pytest.fixture(scope="module")
def fitted():
    panel = panel_of("reacts", stores=4)
    return panel, fit_anchor(panel, FEW, seed=0)


def units(anchor, context, prices):
    return {head.name: np.exp(np.asarray(anchor.log_units(head, prices, context))).mean(0) for head in anchor.heads}


def test_every_head_sells_more_where_the_competitor_is_dearer_and_unknown_prices_are_the_expected_ones(fitted):
    panel, anchor = fitted
    last, prices = panel.periods[-1], np.log(panel.price[:, -1])
    usual = np.exp(anchor.sets.competitor)
    as_expected = usual * np.exp(anchor.sets.competitor_move)
    expected, same, dearer = (
        units(anchor, anchor.context(last, None, theirs), prices) for theirs in (None, as_expected, 1.2 * as_expected)
    )
    unknown = units(anchor, anchor.context(last, None, np.full(len(usual), np.nan)), prices)
    for name, sold in expected.items():
        np.testing.assert_allclose(same[name], sold, rtol=1e-4)
        np.testing.assert_array_equal(unknown[name], sold)
        assert dearer[name].sum() > 1.03 * sold.sum()


def test_demand_is_less_elastic_where_the_competitor_follows(fitted):
    panel, anchor = fitted
    prices = np.log(panel.price[:, -1])
    alone = anchor.context(panel.periods[-1])
    followed = anchor.context(panel.periods[-1], None, None, prices)
    assert anchor.sets.reaction > 0.2
    for name, sold in units(anchor, alone, prices).items():
        np.testing.assert_allclose(units(anchor, followed, prices)[name], sold, rtol=1e-5)
        assert (units(anchor, followed, prices + 0.1)[name] > units(anchor, alone, prices + 0.1)[name]).mean() > 0.9


def test_a_history_without_competitor_prices_has_no_such_drivers_and_a_declared_reaction_is_taken(fitted):
    panel, _ = fitted
    without = replace(panel, competitor=np.full(panel.price.shape, np.nan))
    one = AnchorSettings(heads=["elasticity"], draws=2, steps=3, folds=0)
    found = fit_anchor(without, one, seed=0)
    assert found.heads[0].draws["competitor"].shape[-1] == 0
    assert found.sets.reaction == 0
    assert fit_anchor(panel, replace(one, reaction=0.9), seed=0).sets.reaction == np.float32(0.9)
