"""Training on a market whose truth is known."""

from dataclasses import replace

import jax
import numpy as np
import pandas as pd
import pytest

from data_io.features import build_inputs, fit_features
from data_io.panel import extend
from data_io.split import time_split
from ensemble.demand import offer_demand
from ensemble.fit import members_per_group
from ensemble.response.elasticities import own_elasticities
from ensemble.settings import EnsembleSettings, GroupSettings, TrainingSettings
from ensemble.train import bootstrap_weights, run_epoch


def test_the_ensemble_beats_the_last_known_units_on_periods_it_never_saw(trained):
    assert trained.metrics["split"]["test"]["wape"] < 0.8 * trained.metrics["naive"]["wape"]
    assert abs(trained.metrics["split"]["test"]["bias"]) < 0.1


def test_own_elasticities_are_near_the_truth(trained, prepared):
    demand = offer_demand(trained.ensemble, prepared.tables.offers)
    sets = pd.factorize(prepared.tables.offers["store"] + prepared.tables.offers["category"])[0]
    found = own_elasticities(demand, prepared.market.hold, sets).mean(0)
    assert np.sqrt(np.mean((found - prepared.market.own_elasticity()) ** 2)) < 0.6


def test_elasticities_by_differentiation_agree_with_finite_differences(trained, prepared):
    demand = offer_demand(trained.ensemble, prepared.tables.offers)
    sets = pd.factorize(prepared.tables.offers["store"] + prepared.tables.offers["category"])[0]
    hold, step = prepared.market.hold, 0.01
    found = own_elasticities(demand, hold, sets)
    for offer in (0, 17, 95):
        factor = np.exp(step * (np.arange(len(hold)) == offer))
        up, down = (np.log(np.asarray(demand(prices[None]))[:, 0, offer]) for prices in (hold * factor, hold / factor))
        np.testing.assert_allclose(found[:, offer], (up - down) / (2 * step), rtol=0.02)


def test_the_same_seed_trains_the_same_members(trained, train):
    first, second = (jax.tree.leaves(fit.ensemble.groups[0].parameters) for fit in (trained, train()))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sales_of_the_test_periods_change_no_member_that_is_judged_on_them(trained, train, prepared):
    panel, settings = prepared.panel, TrainingSettings()
    _, _, test = time_split(len(panel.periods), settings.validation, settings.test)
    units = panel.units.copy()
    units[:, test] *= 3
    changed = train(replace(panel, units=units), refit=False)
    assert changed.metrics["split"]["train"] == pytest.approx(trained.metrics["split"]["train"])
    assert changed.metrics["split"]["test"]["mae"] > 2 * trained.metrics["split"]["test"]["mae"]


def test_features_of_a_period_do_not_see_its_sales_or_later_ones(prepared):
    panel = extend(prepared.panel, 2)
    spec = fit_features(prepared.panel, slice(0, 40))
    units = panel.units.copy()
    units[:, 45:] += 50
    seen, changed = (build_inputs(one, spec).summaries for one in (panel, replace(panel, units=units)))
    np.testing.assert_array_equal(seen[:, :46], changed[:, :46])
    assert not np.array_equal(seen[:, 46:], changed[:, 46:])


def test_a_member_does_not_depend_on_how_many_train_beside_it(train):
    short = {"epochs": 2, "refit": False, "promise_members": 0, "seed": 3}
    losses = [train(members=members, **short).log[-1]["train"] for members in (2, 3)]
    np.testing.assert_allclose(losses[0], losses[1][:2], rtol=0 if jax.default_backend() == "cpu" else 1e-3)


def test_a_member_without_improvement_for_its_patience_stops_and_keeps_its_last_losses(train):
    log = train(members=4, epochs=30, patience=1, promise_members=0, refit=False).log
    held_out = np.array([row["validation"] for row in log])
    for member in held_out.T:
        worse = np.flatnonzero(member[1:] >= np.minimum.accumulate(member)[:-1])
        last = worse[0] + 1 if len(worse) else len(member) - 1
        assert (member[last:] == member[last]).all()


def test_training_compiles_one_epoch_for_all_epochs_and_learning_rates(train):
    compiled = []
    for rate in (1e-3, 2e-3):
        train(epochs=2, refit=False, learning_rate=rate)
        compiled.append(run_epoch._cache_size())
    assert compiled[0] == compiled[1]


def test_members_are_divided_among_groups_in_proportion():
    groups = [GroupSettings(members=3), GroupSettings(members=1)]
    assert members_per_group(EnsembleSettings(members=8, groups=groups)) == [6, 2]
    assert sum(members_per_group(EnsembleSettings(members=5, groups=groups))) == 5
    assert members_per_group(EnsembleSettings(members=1, groups=groups)) == [1, 0]


def test_with_fewer_members_than_groups_the_first_groups_have_one_each():
    assert members_per_group(EnsembleSettings(members=16)) == [2, 2, 2, 2, 2, 2, 4]
    assert members_per_group(EnsembleSettings(members=2)) == [1, 1, 0, 0, 0, 0, 0]


def test_bootstrap_weights_are_equal_within_blocks_and_halves_share_no_period():
    weights = [np.asarray(bootstrap_weights(jax.random.key(0), 22, 4, half)) for half in (None, 0, 1)]
    assert (weights[0].reshape(-1)[:20].reshape(5, 4) == weights[0][:20:4, None]).all()
    assert not ((weights[1] > 0) & (weights[2] > 0)).any()
    assert ((weights[1] > 0) | (weights[2] > 0)).all()
    many = np.stack([bootstrap_weights(key, 400, 4) for key in jax.random.split(jax.random.key(1), 50)])
    assert many.mean() == pytest.approx(1, abs=0.05)
    assert (many == 0).mean() == pytest.approx(np.exp(-1), abs=0.03)


def test_four_periods_are_enough_to_train_without_figures(train, prepared):
    panel = prepared.panel
    over_time = ("units", "price", "cost", "observed", "censored", "traffic", "promotions", "numeric")
    tiny = replace(panel, **{name: getattr(panel, name)[:, :4] for name in over_time}, periods=panel.periods[:4])
    fit = train(tiny, epochs=2, promise_members=0)
    assert (fit.ensemble.verdicts["power"] == "none").all()
