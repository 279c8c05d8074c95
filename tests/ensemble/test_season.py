"""What past seasons teach: chances against scipy's, the market's habits found although prices followed sales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom

from data_io.errors import ConfigError
from data_io.markets import season
from ensemble.season.belief import believe
from ensemble.season.prior import fit_prior, log_likelihood
from ensemble.season.seasons import Seasons, seasons_of

HABITS = (0.9, 2.4)


@pytest.fixture(scope="module")
def past() -> Seasons:
    """160 products that all decay by .9 a week and have an elasticity of -2.4."""
    products = season.draw(np.random.default_rng(3), 160, HABITS)
    names = [f"p{number}" for number in range(160)]
    sales = season.table(products, np.zeros(160, np.int64), names)
    return seasons_of(sales, season.week_dates(season.WEEKS), season.WEEKS)[0]


@pytest.fixture(scope="module")
def prior(past):
    return fit_prior(past)


def test_seasons_begin_with_the_first_sale_and_know_what_hid_demand(past):
    assert len(past) == 160
    assert (past.ratio[:, 0] == 1).all()
    assert past.seen[:, 0].all()
    assert 0.02 < past.censored.sum() / past.seen.sum() < 0.2
    ended = past.censored.any(1)
    assert np.allclose(past.units[ended].sum(1), past.stock[ended])
    after = past.seen & (np.cumsum(past.censored, axis=1) - past.censored > 0)
    assert not after.any()


def test_sales_without_stock_are_refused_with_the_mend():
    sales = pd.DataFrame({"date": season.week_dates(1), "product": "a", "store": "web", "price": 2.0, "units": 3.0})
    with pytest.raises(ConfigError, match=r"data\.columns\.stock"):
        seasons_of(sales, season.week_dates(1), 8)


def test_chances_are_those_of_the_negative_binomial_and_of_its_tail_where_sold_out(past, prior):
    few = past.rows(np.flatnonzero(past.censored.any(1))[:3])
    atom = replace(
        prior, decay=np.array([0.9]), elasticity=np.array([2.0]), popularity=np.array([0.12]), weights=np.ones((1, 1))
    )
    size = 1 / atom.dispersion
    mean = few.stock[:, None] * 0.12 * 0.9 ** np.arange(season.WEEKS) * np.where(few.seen, few.ratio, 1) ** -2.0
    chance = size / (size + mean)
    exact = nbinom.logpmf(few.units, size, chance)
    logs = np.where(few.censored, nbinom.logsf(few.units - 1, size, chance), exact)
    expected = np.where(few.seen, logs, 0).sum(1)
    np.testing.assert_allclose(log_likelihood(few, atom)[:, 0, 0], expected, rtol=1e-8)


def test_the_habits_are_found_although_prices_followed_sales(prior):
    weights = prior.weights.sum(1)
    assert weights @ prior.decay == pytest.approx(HABITS[0], abs=0.02)
    assert np.exp(weights @ np.log(prior.elasticity)) == pytest.approx(HABITS[1], abs=0.5)
    assert prior.dispersion in (0.01, 0.03, 0.06)
    logs = np.log(prior.popularity)
    mean = prior.weights.sum(0) @ logs
    spread = (prior.weights.sum(0) @ (logs - mean) ** 2) ** 0.5
    assert spread == pytest.approx(season.POPULARITY, abs=0.08)


def test_weeks_that_sold_out_taken_for_demand_would_make_products_less_popular():
    products = season.draw(np.random.default_rng(5), 120, HABITS)
    scarce = replace(products, stock=np.ceil(products.stock / 3))
    sales = season.table(scarce, np.zeros(120, np.int64), [f"p{number:03d}" for number in range(120)])
    seen = seasons_of(sales, season.week_dates(season.WEEKS), season.WEEKS)[0]
    truth = np.log(scarce.popularity / scarce.stock).mean()
    blind = replace(seen, censored=np.zeros_like(seen.censored))
    told, untold = (one.weights.sum(0) @ np.log(one.popularity) for one in map(fit_prior, (seen, blind)))
    assert told == pytest.approx(truth, abs=0.06)
    assert untold < told - 0.02


def test_what_has_sold_moves_the_belief_and_narrows_it(past, prior):
    fresh = past.rows(np.arange(1))
    nothing = replace(fresh, seen=np.zeros_like(fresh.seen), censored=np.zeros_like(fresh.censored))
    before = believe(prior, nothing)
    assert before.weights.sum() == pytest.approx(1)
    popular = []
    for factor in (0.5, 1.0, 2.0):
        week = np.zeros_like(fresh.units)
        week[0, 0] = np.round(factor * (before.weights * before.mean).sum())
        first = np.arange(season.WEEKS)[None] == 0
        seen = replace(nothing, seen=first, units=week, ratio=first.astype(float))
        after = believe(prior, seen)
        popular.append((after.weights * after.mean).sum())
        assert (after.weights * after.shape).sum() > 2 * (before.weights * before.shape).sum()
    assert popular[0] < popular[1] < popular[2]
    assert popular[2] < 2 * popular[1]  # one week may have been luck
