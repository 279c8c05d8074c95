"""Demand shocks that all stores share: found, and no evidence on prices from each store anew."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.markets import loglog
from data_io.markets.catalogue import make_market
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.noise import Patterns, estimate
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.shocks import common_shocks

STORES, PERIODS, PRODUCTS, PHI = 12, 200, 3, 0.2


def drawn(sd, stores=STORES, seed=0):
    """units, mean, rows [M, T, J] and the shocks [T, J]."""
    draw = np.random.default_rng(seed)
    mean = draw.uniform(10, 60, (stores, PERIODS, PRODUCTS))
    shock = sd * draw.standard_normal((PERIODS, PRODUCTS))
    units = draw.poisson(mean * np.exp(shock) * draw.gamma(1 / PHI, PHI, mean.shape))
    return units.astype(float), mean, np.ones(mean.shape), shock


def test_shocks_of_all_stores_are_found_and_the_rest_is_the_stores_own_noise():
    units, mean, rows, shock = drawn(0.5)
    found, share = common_shocks(units, mean, rows, np.full(PRODUCTS, PHI))
    assert (share.sum(0) > 0.8 * PERIODS).all()
    assert np.corrcoef(found.ravel(), shock.ravel())[0, 1] > 0.95
    assert np.abs(found - (shock - shock.mean(0))).mean() < 0.13
    patterns, ones = Patterns(rows), np.ones(PERIODS)
    apart = estimate(patterns, units, np.log(mean), rows, ones, shocks=True)
    together = estimate(patterns, units, np.log(mean), rows, ones)
    np.testing.assert_allclose(apart.dispersion, PHI, rtol=0.25)
    assert (together.dispersion > 2 * PHI).all()
    assert not np.any(together.shock)


def test_without_shocks_hardly_any_are_seen_and_with_few_stores_none():
    units, mean, rows, _ = drawn(0.0)
    assert np.abs(common_shocks(units, mean, rows, np.full(PRODUCTS, PHI))[0]).mean() < 0.03
    units, mean, rows, _ = drawn(0.5, stores=3)
    assert not np.any(common_shocks(units, mean, rows, np.full(PRODUCTS, PHI))[0])


def test_periods_that_are_not_known_have_no_shock():
    units, mean, rows, _ = drawn(0.5)
    rows[:, 150:] = 0
    found, _ = common_shocks(units, mean, rows, np.full(PRODUCTS, PHI))
    assert np.any(found[:150])
    assert not np.any(found[150:])


@pytest.mark.nightly
def test_elasticities_are_nearer_to_the_truth_where_shocks_are_told_from_prices(panel_of):
    errors = {True: [], False: []}
    for seed in (0, 1):
        market = make_market("loglog", "exogenous", seed)
        panel = panel_of(market)
        truth = market.own_elasticity()
        shock = 0.6 * np.random.default_rng(seed).standard_normal((len(panel.periods), truth.size // STORES))
        codes = panel.series["product"].astype("category").cat.codes.to_numpy()
        shaken = replace(panel, units=np.round(panel.units * np.exp(shock[:, codes].T)).astype(np.float32))
        for shocks in (True, False):
            settings = AnchorSettings(heads=["elasticity"], folds=0, draws=8, shocks=shocks)
            anchor = fit_anchor(shaken, settings, seed=0)
            prices = np.log(market.hold)
            found = anchor.own_elasticities(prices, anchor.context(panel.periods[-1], panel.promotions[:, -1] * 0))[0]
            errors[shocks].append(np.sqrt(np.mean((found - truth) ** 2)))
    assert np.mean(errors[True]) < 0.85 * np.mean(errors[False]), errors


def test_stores_of_a_chain_with_one_price_and_one_fashion_are_no_evidence_each(panel_of):
    market = loglog.make("exogenous+chain", 1, products=4, stores=24, weeks=60)
    panel, spread = panel_of(market), {}
    for shocks in (True, False):
        settings = AnchorSettings(heads=["elasticity"], folds=0, draws=24, steps=15, shocks=shocks)
        anchor = fit_anchor(panel, settings, seed=0)
        context = anchor.context(panel.periods[-1], panel.promotions[:, -1] * 0)
        draws, _ = anchor.own_elasticities(np.log(market.hold), context)
        spread[shocks] = draws.reshape(24, 24, -1).mean(1).std(0).mean()
    assert spread[True] > 1.6 * spread[False], spread
