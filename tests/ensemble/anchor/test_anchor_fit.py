"""The fitted anchor on a small market whose elasticities are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data_io.errors import ConfigError
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.weigh import fold_of_periods, pseudo_bma

ONE = AnchorSettings(heads=["elasticity"], draws=6, steps=12)


@pytest.fixture(scope="module")
def hold(panel, market):
    """[S] holding prices in the panel's order, and the context of the week to price."""
    keys = ["store", "product"]
    return np.log(panel.series[keys].merge(market.offers, on=keys, how="left")["current_price"].to_numpy())


@pytest.fixture(scope="module")
def context(anchor, panel):
    return anchor.context(panel.periods[-1] + pd.Timedelta(days=7))


def test_the_elasticities_of_a_log_log_market_are_recovered(anchor, panel, market, hold, context):
    found, weights = anchor.own_elasticities(hold, context)
    keys = ["store", "product"]
    true = panel.series[keys].merge(market.offers[keys].assign(true=market.own_elasticity()), on=keys)["true"]
    assert np.sqrt(np.mean((weights @ found - true) ** 2)) < 0.4
    assert weights.sum() == pytest.approx(1)


def test_every_draw_sells_what_was_sold(anchor, panel):
    scale = anchor.sets.promotion_scale
    assert scale == pytest.approx(1)
    for head in anchor.heads:
        context = anchor.following(panel.periods, np.log(panel.price), panel.promotions)
        total = np.exp(anchor.log_units(head, np.log(panel.price).T, context)).sum(1)
        for product in panel.series["product"].unique():
            of = (panel.series["product"] == product).to_numpy()
            expected = total[:, of].sum(1)  # without the control, that the fit has
            np.testing.assert_allclose(expected, panel.units[of].sum(), rtol=0.02)


def test_the_weights_are_shares_and_favour_the_head_that_foretells(anchor):
    assert sum(head.weight for head in anchor.heads) == pytest.approx(1)
    good, bad = np.zeros(40), np.full(40, -0.5)
    weights = pseudo_bma(np.stack([good, bad]), 0.3, np.random.default_rng(0))
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > 0.9


def test_folds_take_turns_in_blocks():
    np.testing.assert_array_equal(fold_of_periods(9, 2, 4), [0, 0, 0, 0, 1, 1, 1, 1, 0])


def test_periods_without_weight_change_nothing(panel):
    weights = np.where(np.arange(len(panel.periods)) % 8 < 4, 1.0, 0.0)
    changed = np.where(weights > 0, panel.units, 7 * panel.units + 3).astype(np.float32)
    one = fit_anchor(panel, ONE, seed=0, weights=weights)
    other = fit_anchor(replace(panel, units=changed), ONE, seed=0, weights=weights)
    for key, values in one.heads[0].draws.items():
        np.testing.assert_array_equal(values, other.heads[0].draws[key])


def test_the_seed_decides_the_draws(panel):
    first, again, other = (fit_anchor(panel, ONE, seed=seed).heads[0].draws["own"] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_a_product_without_sales_rows_gets_a_wide_finite_prior(panel, hold):
    nothing = panel.observed & (panel.series["product"] != "product-01").to_numpy()[:, None]
    found = fit_anchor(replace(panel, observed=nothing), replace(ONE, draws=60), seed=0)
    spread = found.heads[0].draws["own"][:, 0].std(0)
    assert np.isfinite(found.log_units(found.heads[0], hold, found.context(panel.periods[-1]))).all()
    assert spread[0] > 1.25 * spread[1:].max()


def test_blocks_of_one_category_each_give_answers_in_the_panels_order(panel, hold, context):
    found = fit_anchor(panel, replace(ONE, block_products=2), seed=0)
    units = np.exp(found.log_units(found.heads[0], hold, context)).mean(0)
    assert np.corrcoef(units, panel.units[:, -12:].mean(1))[0, 1] > 0.9


@pytest.mark.parametrize(
    ("settings", "weights", "told"),
    [(AnchorSettings(heads=["probit"]), None, "probit"), (AnchorSettings(), np.zeros(60), "at least one observed")],
)
def test_what_cannot_be_fitted_is_refused(panel, settings, weights, told):
    with pytest.raises(ConfigError, match=told):
        fit_anchor(panel, settings, seed=0, weights=weights)
