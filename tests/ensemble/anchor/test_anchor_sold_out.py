"""Sales that ended with the stock: the demand expected of them, and an anchor that is not misled by them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import nbinom

from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.censored import demand_at_least
from ensemble.anchor.settings import AnchorSettings

ONE = AnchorSettings(heads=["elasticity"], draws=24, steps=12, folds=0)


@pytest.mark.parametrize(("least", "mean", "phi"), [(1, 0.3, 0.5), (5, 3, 0.2), (50, 20, 0.1), (100, 300, 0.4)])
def test_the_expected_demand_is_the_mean_and_variance_of_the_tail(least, mean, phi):
    units = np.arange(least, 20_000)
    chance = nbinom.pmf(units, 1 / phi, 1 / (1 + phi * mean))
    chance /= chance.sum()
    expected = chance @ units
    found = demand_at_least(least, mean, phi)
    np.testing.assert_allclose(found, (expected, chance @ (units - expected) ** 2), rtol=1e-6)


def test_demand_far_beyond_what_was_expected_is_hardly_more_than_the_sales():
    expected, variance = demand_at_least([400.0, 2000.0], [20.0, 1.0], [0.1, 0.01])
    assert (expected >= [400, 2000]).all()
    assert (expected < [405, 2005]).all()
    assert (variance < 20).all()


def test_levels_and_elasticities_are_those_of_the_demand_where_shelves_ran_empty(panel):
    stock = np.quantile(panel.units, 0.7, axis=1, keepdims=True).astype(np.float32)
    sold = np.minimum(panel.units, stock)
    short = replace(panel, units=sold)
    told = replace(short, censored=panel.units >= stock)
    point = np.log(panel.price[:, -1])
    level, own = {}, {}
    for name, one in (("all", panel), ("short", short), ("told", told)):
        found = fit_anchor(one, ONE, seed=0)
        context = found.context(panel.periods[-1])
        level[name] = np.exp(np.asarray(found.log_units(found.heads[0], point, context))).mean(0).sum()
        own[name] = found.own_elasticities(point, context)[0].mean(0).mean()
    assert level["short"] < 0.93 * level["all"]
    assert abs(level["told"] / level["all"] - 1) < 0.5 * (1 - level["short"] / level["all"])
    assert abs(own["told"] - own["all"]) < 0.5 * abs(own["short"] - own["all"])
