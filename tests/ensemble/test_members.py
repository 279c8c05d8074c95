"""Every body with every head, and every aggregation: trained, saved, loaded and asked by the search."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from data_io.features import build_inputs, fit_features
from data_io.panel import extend
from ensemble import checkpoint
from ensemble.aggregate import AGGREGATIONS
from ensemble.bodies import BODIES
from ensemble.demand import offer_demand
from ensemble.fit import member_sizes
from ensemble.forecast import forecast as forecast_future
from ensemble.heads.registry import HEADS
from ensemble.member import forecast, initial, structure
from ensemble.settings import EnsembleSettings
from jointprice.compose import compose
from jointprice.pricing import price_offers

COVER = {("gru", "classes")}  # other tests train the rest of both
PAIRS = [
    pytest.param(body, head, marks=() if (body, head) in COVER else pytest.mark.nightly)
    for body in BODIES
    for head in HEADS
]
SHORT = ["search=random", "search.evaluations=32", "search.population=16"]


@pytest.mark.parametrize(("body", "head"), PAIRS)
def test_every_body_with_every_head_is_trained_saved_loaded_and_priced(train, prepared, tmp_path, body, head):
    trained = train(groups=[(body, head)], members=2, epochs=2, refit=False, promise_members=0)
    assert trained.metrics["split"]["test"]["wape"] < 1
    for name, content in checkpoint.dump(trained.ensemble).items():
        (tmp_path / name).write_bytes(content)
    loaded = checkpoint.load(tmp_path)
    hold = prepared.market.hold[None]
    demands = (offer_demand(model, prepared.tables.offers) for model in (trained.ensemble, loaded))
    ours, theirs = (np.asarray(demand(hold)) for demand in demands)
    np.testing.assert_array_equal(ours, theirs)
    assert ours.shape == (2, 1, len(hold[0]))
    answer = price_offers(compose(SHORT), loaded, prepared.tables.offers).answer
    assert (answer["status"] == "priced").all()


@pytest.fixture(scope="module")
def two_groups(train):
    groups = [("mlp", "elasticity"), ("mlp", "free")]
    return train(groups=groups, members=4, epochs=2, refit=False, promise_members=0, aggregation="weighted").ensemble


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.nightly] * (name in ("median", "trimmed_mean", "soft_vote")))
        for name in AGGREGATIONS
    ],
)
def test_every_aggregation_reaches_the_forecast_and_the_search(two_groups, prepared, name):
    named = {field: replace(getattr(two_groups, field), name=name) for field in ("aggregation", "pricing")}
    ensemble = replace(two_groups, **named)
    table = forecast_future(ensemble).table
    assert (table["prediction"] > 0).all()
    answer = price_offers(compose(SHORT), ensemble, prepared.tables.offers).answer
    assert (answer["units"] > 0).all()


def test_votes_and_the_mean_agree_on_the_forecast(trained):
    found = {
        name: forecast_future(replace(trained.ensemble, aggregation=replace(trained.ensemble.aggregation, name=name)))
        for name in ("mean", "vote", "soft_vote")
    }
    mean = found["mean"].table["prediction"]
    for name in ("vote", "soft_vote"):
        apart = (found[name].table["prediction"] - mean).abs()
        assert 0 < apart.sum() / mean.sum() < 0.15


def test_weights_come_from_the_validation_periods(two_groups):
    weights = two_groups.aggregation.weights
    assert sum(weights) == pytest.approx(1)
    assert len(set(weights)) == 4


@pytest.mark.parametrize("body", BODIES)
def test_a_body_sees_no_sales_after_the_last_known_period(prepared, body):
    panel = extend(prepared.panel, 4)
    spec = fit_features(prepared.panel, slice(0, 40))
    inputs = build_inputs(panel, spec)
    sizes = member_sizes(spec, inputs, EnsembleSettings(width=8))
    kind = body, "elasticity", sizes, "poisson"
    member, parameters = structure(*kind), initial(jax.random.key(0), *kind)
    lead = np.full(len(panel.periods), 3, np.int32)
    sets = int(inputs.choice_set.max()) + 1
    units = panel.units.copy()
    units[:, 30:] *= 5
    changed = build_inputs(type(panel)(**{**panel.__dict__, "units": units}), spec)
    before, after = (np.asarray(forecast(member, parameters, one, lead, sets)) for one in (inputs, changed))
    np.testing.assert_array_equal(before[:33], after[:33])
    assert not np.array_equal(before[33:], after[33:])
