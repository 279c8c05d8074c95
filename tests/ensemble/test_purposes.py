"""Members that only forecast, and members that learn a percentage loss, never reach the prices."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from data_io.errors import ConfigError
from ensemble import checkpoint, member
from ensemble.demand import offer_demand
from ensemble.forecast import forecast
from ensemble.types import of_one_kind
from jointprice.compose import compose
from jointprice.pricing import price_offers, refuse_early

GROUPS = [
    ("mlp", "elasticity", 2),
    ("mlp", "free", 1, "poisson", False),
    ("mlp", "free", 1, "absolute_percentage"),
]


@pytest.fixture(scope="module")
def mixed(train):
    return train(groups=GROUPS, members=4, epochs=2, refit=False, promise_members=2)


def test_only_members_that_price_answer_the_search_and_the_promise(mixed, prepared):
    demand = offer_demand(mixed.ensemble, prepared.tables.offers)
    assert demand(prepared.market.hold[None]).shape[0] == 2
    assert [[group.head for group in half] for half in mixed.ensemble.halves] == [["elasticity"], ["elasticity"]]
    assert len(mixed.ensemble.pricing.weights) == 2


def test_percentage_members_speak_for_prediction_mape_alone(mixed):
    found = forecast(mixed.ensemble)
    table, members = found.table, found.members
    np.testing.assert_allclose(table["prediction"], members[:3].mean(0), rtol=1e-5)
    np.testing.assert_allclose(table["prediction_mape"], members[3], rtol=1e-5)
    weights = [one["weight"] for one in mixed.metrics["members"]]
    assert weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])


def test_without_percentage_members_the_forecast_of_the_mean_is_scaled_to_the_least_percentage_error(train):
    found = train(groups=GROUPS[:1], members=1, epochs=1, refit=False, promise_members=0).ensemble
    table = forecast(found).table
    ratio = np.repeat(found.percentage_ratio, len(found.periods))
    np.testing.assert_allclose(table["prediction_mape"] / table["prediction"], ratio, rtol=1e-5)
    assert (ratio != 1).any()


def test_a_saved_model_remembers_who_prices(mixed, tmp_path):
    for name, content in checkpoint.dump(mixed.ensemble).items():
        (tmp_path / name).write_bytes(content)
    loaded = checkpoint.load(tmp_path)
    assert [(group.loss, group.prices) for group in loaded.groups] == [
        ("negative_binomial", True),
        ("poisson", False),
        ("absolute_percentage", True),
    ]
    assert forecast(loaded).table.equals(forecast(mixed.ensemble).table)


def test_an_ensemble_without_members_that_price_forecasts_but_is_refused_prices(train, prepared):
    found = train(groups=GROUPS[2:], members=1, epochs=1, refit=False, promise_members=0).ensemble
    assert (forecast(found).table["prediction"] > 0).all()
    with pytest.raises(ConfigError, match="may price"):
        price_offers(compose(), found, prepared.tables.offers)
    with pytest.raises(ConfigError, match="may price"):
        refuse_early(compose(["response=networks", "training.loss=absolute_percentage"]), prepared.tables.offers)


def test_figures_are_of_each_group_and_of_each_body_and_head_where_there_are_several(mixed):
    kinds = of_one_kind(mixed.ensemble.groups)
    assert {name: chosen.tolist() for name, chosen in kinds.items()} == {
        "mlp-elasticity-negative_binomial": [True, True, False, False],
        "mlp-free-poisson": [False, False, True, False],
        "mlp-free-absolute_percentage": [False, False, False, True],
        "elasticity": [True, True, False, False],
        "free": [False, False, True, False],
    }


def test_a_hurdle_learns_how_often_nothing_sells_and_a_saved_one_forecasts_the_same(train, prepared, tmp_path):
    nothing = np.random.default_rng(0).random(prepared.panel.units.shape) < 0.4
    panel = replace(prepared.panel, units=np.where(nothing, 0, prepared.panel.units))
    found = train(panel, groups=[("mlp", "elasticity", 1, "hurdle")], members=1, epochs=25, promise_members=0).ensemble
    kind = member.structure("mlp", "elasticity", found.sizes, "hurdle")
    own = jax.tree.map(lambda leaf: leaf[0], found.groups[0].parameters)
    whole, lead = nnx.merge(kind.graph, own), jnp.ones(found.inputs.mask.shape[1], jnp.int32)
    context = whole.body(found.inputs, lead)
    log_mean = member.forecast(kind, own, found.inputs, lead, len(found.series))
    chance, fewer = (jax.nn.sigmoid(whole.zeros(context, log_mean - less)) for less in (0, 1))
    assert 0.3 < chance.mean() < 0.5
    assert (fewer > chance).all()
    for name, content in checkpoint.dump(found).items():
        (tmp_path / name).write_bytes(content)
    assert forecast(checkpoint.load(tmp_path)).table.equals(forecast(found).table)
