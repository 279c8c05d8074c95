"""Every way to combine members, against its definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ensemble.aggregate import AGGREGATIONS, Aggregation, DemandClasses, combine, recentre
from ensemble.measure import inverse_error, out_of_sample, stacked

EDGES = np.log(np.array([0.5, 0.8, 1.25, 2.0]))
MEANS = np.array([0.3, 0.65, 1.0, 1.6, 2.8])
CLASSES = DemandClasses(EDGES, MEANS, np.log(np.array([50.0, 200.0, 10.0])), np.array([0.05, 0.1, 0.2]))
UNITS = np.random.default_rng(0).uniform(0.6, 1.6, (5, 4, 3)) * np.array([50.0, 200.0, 10.0])


def way(name, **settings):
    return Aggregation(name, **{"weights": (0.1, 0.2, 0.3, 0.4, 0.0), "groups": (0, 0, 1, 1, 1), **settings})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mean", UNITS.mean(0)),
        ("weighted", np.average(UNITS, axis=0, weights=[0.1, 0.2, 0.3, 0.4, 0.0])),
        ("median", np.median(UNITS, 0)),
        ("trimmed_mean", np.sort(UNITS, 0)[1:4].mean(0)),
        ("lower_confidence", UNITS.mean(0) - UNITS.std(0)),
        ("worst_group", np.minimum(UNITS[:2].mean(0), UNITS[2:].mean(0))),
    ],
)
def test_an_aggregation_agrees_with_its_definition_in_float64(name, expected):
    np.testing.assert_allclose(combine(UNITS, way(name), CLASSES), expected, rtol=1e-4)


def test_a_vote_is_the_mean_of_the_class_that_most_members_name():
    units = np.array([[45.0, 100.0, 30.0], [55.0, 180.0, 30.0], [90.0, 210.0, 1.0]])[:, None]
    found = combine(units, way("vote"), CLASSES)[0]
    np.testing.assert_allclose(found, [50 * 1.0, 200 * 1.0, 10 * 2.8], rtol=1e-5)


@pytest.mark.parametrize("name", ["vote", "soft_vote"])
def test_votes_stay_near_the_mean(name):
    found = np.asarray(combine(UNITS, way(name), CLASSES))
    assert np.abs(found - UNITS.mean(0)).sum() / UNITS.mean(0).sum() < 0.2


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_recentred_members_average_to_the_aggregate_or_stay_as_they_are(name):
    found = recentre(jnp.asarray(UNITS), way(name), CLASSES)
    kept = name in ("mean", "lower_confidence", "worst_group")
    expected = UNITS.mean(0) if kept else combine(UNITS, way(name), CLASSES)
    np.testing.assert_allclose(found.mean(0), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ["median", "vote", "soft_vote", "weighted"])
def test_a_search_by_gradient_sees_a_slope_through_every_aggregation(name):
    slope = jax.grad(lambda units: recentre(units, way(name), CLASSES).sum())(jnp.asarray(UNITS))
    assert np.isfinite(slope).all()
    assert np.abs(slope).sum() > 0


def by_error(observed, units):
    """Weights by error, from rows as periods of one series that no member saw."""
    unseen = np.ones(units.shape, bool)
    return inverse_error(observed[:, None], units[..., None], unseen, np.ones((len(observed), 1), bool))


@pytest.mark.parametrize("weigh", [stacked, by_error])
def test_weights_prefer_the_member_that_is_right(weigh):
    rng = np.random.default_rng(1)
    observed = rng.uniform(10, 90, 400)
    units = np.stack([observed + rng.normal(0, sd, 400) for sd in (2.0, 15.0, 30.0)])
    weights = weigh(observed, units)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert weights.argmax() == 0


def test_a_member_is_not_weighed_by_what_it_saw():
    rng = np.random.default_rng(1)
    observed = rng.uniform(10, 90, (400, 1))
    units = observed + rng.normal(0, 10, (2, 400, 1))
    unseen = np.repeat([[True] * 200 + [False] * 200, [False] * 200 + [True] * 200], 1, 0)
    rows = np.ones_like(observed, bool)
    before = inverse_error(observed, units, unseen, rows)
    units[0, 200:] = observed[200:]  # learnt by heart
    np.testing.assert_array_equal(inverse_error(observed, units, unseen, rows), before)


def test_out_of_sample_forecasts_are_of_the_members_that_did_not_see_the_period():
    units = np.arange(6.0).reshape(3, 2, 1)
    found, judged = out_of_sample(units, np.array([[True, False], [True, False], [False, False]]))
    np.testing.assert_allclose(found[:, 0], [1.0, 3.0])
    assert judged.tolist() == [True, False]
