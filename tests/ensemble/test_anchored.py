"""With an anchor, networks say what sells at current prices and its draws say how that changes with prices."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.history import history_of
from ensemble import checkpoint
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.settings import AnchorSettings
from ensemble.demand import meeting, offer_demand, series_of
from ensemble.forecast import forecast
from ensemble.learn import anchor_share, learn, learn_on
from ensemble.response.elasticities import own_elasticities
from ensemble.settings import AggregationSettings, EnsembleSettings, GroupSettings, TrainingSettings
from jointprice.compose import compose
from jointprice.pricing import price_offers

SETTINGS = AnchorSettings(heads=["elasticity", "linear"], draws=3, folds=0, steps=8)


@pytest.fixture(scope="module")
def anchored(trained, prepared):
    anchor = fit_anchor(prepared.panel, SETTINGS, seed=0)
    heads = tuple(replace(head, weight=weight) for head, weight in zip(anchor.heads, (0.75, 0.25), strict=True))
    return replace(
        trained.ensemble, anchor=replace(anchor, heads=heads), anchor_halves=(anchor, anchor), search_draws=4
    )


def test_at_current_prices_units_are_those_that_the_networks_forecast(anchored, prepared):
    offers = prepared.tables.offers
    units = np.asarray(offer_demand(anchored, offers)(offers["current_price"].to_numpy()[None]))[:, 0]
    assert units.shape == (4, 96)
    future = offers.assign(date=anchored.periods[0], price=offers["current_price"])
    members = forecast(anchored, future).members
    np.testing.assert_allclose(units.mean(0), members.mean(0), rtol=1e-4)
    assert (np.corrcoef(units[: len(members), 0], members[:, 0])[0, 1]) > 0.99


def test_units_change_with_prices_as_the_draws_say_and_heads_share_members_by_weight(anchored, prepared):
    offers = prepared.tables.offers
    demand = offer_demand(anchored, offers)
    assert demand.args[0].heads == ("elasticity", "linear")
    assert demand.args[0].aggregation.groups == (0, 0, 0, 1)
    current = offers["current_price"].to_numpy()
    rows = series_of(anchored, offers)
    found = own_elasticities(demand, current, meeting(anchored)[rows])
    context = anchored.anchor.context(anchored.periods[0])
    log_prices = np.empty(len(rows), np.float32)
    log_prices[rows] = np.log(current)
    expected = anchored.anchor.own_elasticities(log_prices, context)[0][:, rows]
    np.testing.assert_allclose(found, expected[[0, 1, 2, 3]], rtol=2e-3)


def test_an_offer_without_history_sells_nothing_and_changes_no_other(anchored, prepared):
    offers = prepared.tables.offers
    grown = offers.copy()
    grown.loc[0, "product"] = "new"
    price = grown["current_price"].to_numpy()[None] * 1.1
    found = np.asarray(offer_demand(anchored, grown)(price))[:, 0]
    assert (found[:, 0] == 0).all()
    assert (found[:, 1:] > 0).all()


def test_a_saved_model_prices_with_the_same_anchor(anchored, prepared, tmp_path):
    for name, content in checkpoint.dump(anchored).items():
        (tmp_path / name).write_bytes(content)
    loaded = checkpoint.load(tmp_path)
    assert len(loaded.anchor_halves) == 2
    price = prepared.market.hold[None] * 1.07
    ours, theirs = (np.asarray(offer_demand(one, prepared.tables.offers)(price)) for one in (anchored, loaded))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("aggregation", ["mean", "worst_group"])
def test_the_search_prices_with_the_anchor(anchored, prepared, aggregation):
    way = replace(anchored.pricing, name=aggregation)
    config = compose(["search=random", "search.evaluations=32", "search.population=16"])
    answer = price_offers(config, replace(anchored, pricing=way), prepared.tables.offers).answer
    assert (answer["status"] == "priced").all()
    assert (answer["elasticity"] < 0).all()


def test_the_anchors_share_is_that_of_the_better_forecaster_of_unseen_periods(prepared):
    panel, known = prepared.panel, np.ones(len(prepared.panel.periods), bool)
    noise = np.random.default_rng(0).normal(0, 0.3, panel.units.shape)
    wrong, right = panel.units * np.exp(noise), panel.units.astype(float)
    last = len(known) - 4
    assert anchor_share(panel, wrong, right, known, last) > 0.95
    assert anchor_share(panel, right, wrong, known, last) < 0.05
    assert anchor_share(panel, np.full_like(wrong, np.nan), right, known, last) == 0
    assert anchor_share(panel, wrong, None, known, last) == 0


def test_weeks_after_all_that_trained_count_half_of_the_share(prepared):
    panel, known = prepared.panel, np.ones(len(prepared.panel.periods), bool)
    noise = np.random.default_rng(0).normal(0, 0.3, panel.units.shape)
    wrong, right, last = panel.units * np.exp(noise), panel.units.astype(float), len(known) - 4
    ahead = np.arange(len(known)) >= last
    anchor, networks = np.where(ahead, wrong, right), np.where(ahead, right, wrong)
    assert (
        0.4 < anchor_share(panel, networks, anchor, known, last) < 0.5 < anchor_share(panel, wrong, right, known, last)
    )


def test_sold_out_rows_do_not_give_the_share_to_whoever_foretells_less(prepared):
    rng = np.random.default_rng(0)
    mean = rng.uniform(10, 60, prepared.panel.units.shape)
    demand = np.rint(mean * np.exp(0.3 * rng.normal(size=mean.shape)))
    stock = np.rint(mean * np.exp(0.25 + 0.4 * rng.normal(size=mean.shape)))
    right, low = (mean * level * np.exp(0.1 * rng.normal(size=mean.shape)) for level in (1.05, 0.9))
    known = np.ones(mean.shape[1], bool)
    whole = replace(prepared.panel, units=demand, censored=demand < 0)
    short = replace(whole, units=np.minimum(demand, stock), censored=demand >= stock)
    fully, told, blind = (
        anchor_share(panel, right, low, known, len(known))
        for panel in (whole, short, replace(short, censored=demand < 0))
    )
    assert abs(told - fully) < 0.7 * (blind - fully)


def test_forecasts_and_levels_have_the_anchors_share(anchored, prepared):
    offers = prepared.tables.offers
    future = offers.assign(date=anchored.periods[0], price=offers["current_price"])
    alone, whole, half = (
        forecast(replace(anchored, anchor_share=share), future).table["prediction"].to_numpy() for share in (0, 1, 0.5)
    )
    np.testing.assert_allclose(half, (alone + whole) / 2, rtol=1e-5)
    assert np.abs(whole / alone - 1).max() > 0.01
    keys = ["store", "product"]
    rows = offers.reset_index().sort_values(keys)["index"].to_numpy()  # forecasts are sorted
    demand = offer_demand(replace(anchored, anchor_share=1.0), offers)
    current = offers["current_price"].to_numpy()
    level = np.asarray(demand(current[None]))[:, 0].mean(0)
    anchor, series = anchored.anchor, series_of(anchored, offers)
    log_prices = np.zeros(len(anchor.sets.place))
    log_prices[series] = np.log(current)
    lasting = anchor.units(log_prices, anchor.context(anchored.periods[0]), np.zeros(len(log_prices)))
    np.testing.assert_allclose(level, lasting[series], rtol=1e-4)
    assert 0 < np.abs(level[rows] / whole - 1).max() < 0.3  # past deals and the usual price pass


def test_an_ensemble_learns_with_its_anchor_and_learns_on(prepared):
    ensemble = EnsembleSettings(members=1, width=8, groups=[GroupSettings()])
    training = TrainingSettings(epochs=2, promise_members=0)
    settings = replace(SETTINGS, folds=2)
    shared = (prepared.panel, history_of(prepared.tables), ensemble, training, AggregationSettings(), settings)
    first = learn(*shared, seed=0, known=50).ensemble
    assert 0 <= first.anchor_share <= 1
    assert first.anchor.unseen is None
    later = learn_on(first, prepared.panel, training, settings, seed=0, known=55)
    assert [head.weight for head in later.anchor.heads] == [head.weight for head in first.anchor.heads]
    assert not np.array_equal(later.anchor.heads[0].draws["own"], first.anchor.heads[0].draws["own"])
    assert later.periods[0] == prepared.panel.periods[55]
