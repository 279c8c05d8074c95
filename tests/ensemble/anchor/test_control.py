"""Costs tell apart what prices did and what they followed."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.markets import loglog
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.control import price_residuals
from ensemble.anchor.layout import lay_out
from ensemble.anchor.settings import AnchorSettings

ONE = AnchorSettings(heads=["elasticity"], draws=6, steps=12)


@pytest.fixture(scope="module")
def instrument():
    return loglog.make("instrument", 7, products=4, stores=8, weeks=60)


@pytest.fixture(scope="module")
def followed(instrument, panel_of):
    """A panel whose prices followed demand, and whose costs move on their own."""
    return panel_of(instrument)


def of(panel, *products):
    """[S] bool, the series of the products so numbered."""
    return panel.series["product"].isin([f"product-{number:02d}" for number in products]).to_numpy()


def with_still_costs(panel, *products):
    return replace(panel, cost=np.where(of(panel, *products)[:, None], 1, panel.cost))


def wrong_by(panel, market, settings=ONE):
    """[S] estimated less true own elasticities."""
    keys = ["store", "product"]
    true = panel.series[keys].merge(market.offers[keys].assign(true=market.own_elasticity()), on=keys)["true"]
    found = fit_anchor(panel, settings, seed=0)
    return found.own_elasticities(np.log(panel.price[:, -1]), found.context(panel.periods[-1]))[0].mean(0) - true


def promoted_weight(panel):
    """The largest value of the control that only promoted periods have."""
    return np.abs(lay_out(panel, ONE, np.ones(len(panel.periods)))[1].drivers[..., -1]).max()


def test_costs_tell_apart_what_prices_did_and_what_they_followed(followed, instrument):
    assert abs(wrong_by(followed, instrument).mean()) < 0.5
    assert abs(wrong_by(followed, instrument, replace(ONE, control=False)).mean()) > 1


def test_prices_of_a_product_whose_costs_say_nothing_are_taken_to_have_followed_demand_as_others_did(
    followed, instrument
):
    wrong = wrong_by(with_still_costs(followed, 1), instrument)
    assert abs(wrong[of(followed, 1)].mean()) < 0.7
    assert abs(wrong[~of(followed, 1)].mean()) < 0.5


def test_where_costs_say_nothing_of_most_products_only_the_others_have_a_control(panel):
    residuals = price_residuals(with_still_costs(panel, 1, 2, 3), np.ones(len(panel.periods)))
    assert (residuals[of(panel, 1, 2, 3)] == 0).all()
    assert residuals[~of(panel, 1, 2, 3)].std() > 0.01


def test_residuals_of_promoted_periods_weigh_on_their_own_where_sales_show_that_they_say_less(panel, followed):
    assert promoted_weight(followed) > 0
    assert promoted_weight(panel) == 0
