"""Baskets stretched to a threshold are told from baskets that are large anyway."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble.stretch import Deal, Observed, Stretch, effect, fit_stretch

DEALS = [Deal(60.0, 6.0), Deal(90.0, 15.0)]
PLAIN, WITH, BASKETS = 40, 3, 600


def observed(stretch, seed=0, larger=1.0) -> Observed:
    """Periods of log-normal baskets, three with each deal; `stretch` says what a basket becomes under a deal."""
    rng = np.random.default_rng(seed)
    number = np.repeat([-1, 0, 1], [PLAIN, WITH, WITH])
    spends = []
    for deal in number:
        spend = np.exp(3.6 + 0.06 * rng.normal() + 0.6 * rng.normal(size=BASKETS))
        spends.append(spend if deal < 0 else stretch(rng, larger * spend, DEALS[deal]))
    return Observed(spends, number, DEALS)


def nobody(rng, spend, deal):
    return spend


def up_to_twice_the_saving(rng, spend, deal):
    """80 % fill up a basket that misses less than twice the saving, and 3 more."""
    missing = deal.spend - spend
    moved = (missing > 0) & (missing < 2 * deal.save) & (rng.random(len(spend)) < 0.8)
    return np.where(moved, deal.spend + rng.exponential(3.0, len(spend)), spend)


def truth(deal: Deal) -> tuple[float, float]:
    """Shares above the threshold already and stretched to it."""
    rng = np.random.default_rng(7)
    spend = np.exp(3.6 + 0.06 * rng.normal(size=200_000) + 0.6 * rng.normal(size=200_000))
    missing = deal.spend - spend
    return (missing <= 0).mean(), 0.8 * ((missing > 0) & (missing < 2 * deal.save)).mean()


@pytest.mark.parametrize("deal", [*DEALS, Deal(75.0, 10.0)])
def test_who_is_stretched_is_found_also_for_a_deal_between_the_past_ones(deal):
    found = effect(fit_stretch(observed(up_to_twice_the_saving), draws=12, seed=0), deal)
    already, stretched = truth(deal)
    assert found.already.mean() == pytest.approx(already, rel=0.1)
    assert found.stretched.mean() == pytest.approx(stretched, rel=0.15)
    assert found.baskets.mean() == BASKETS


def test_where_nobody_cares_nothing_is_added():
    found = effect(fit_stretch(observed(nobody), draws=12, seed=0), DEALS[0])
    assert found.stretched.mean() < 0.02
    assert found.added.mean() < 0.5


def test_a_good_week_is_not_taken_for_a_good_deal():
    seen = observed(nobody, larger=1.08)
    more = np.concatenate(seen.of(0)).mean() - np.concatenate(seen.of(-1)).mean()
    found = effect(fit_stretch(seen, draws=12, seed=0), DEALS[0])
    assert found.stretched.mean() < 0.03
    assert found.added.mean() < 0.3 * more


positive = st.floats(0.2, 8.0)


@settings(max_examples=60, deadline=None)
@given(most=st.floats(0.01, 1.0), reach=positive, steepness=positive, appetite=positive, overshoot=positive)
def test_a_larger_saving_never_stretches_fewer_and_nobody_is_counted_twice(most, reach, steepness, appetite, overshoot):
    plain = [np.exp(np.random.default_rng(1).normal(3.6, 0.6, 500))]
    one = (np.array([value]) for value in (most, reach, steepness, appetite, overshoot))
    stretch = Stretch(*one, np.ones((1, 1)), plain)
    effects = [effect(stretch, Deal(80.0, save)) for save in (2.0, 5.0, 10.0, 20.0)]
    stretched = np.array([found.stretched[0] for found in effects])
    assert (np.diff(stretched) >= -1e-12).all()
    assert (np.array([found.already[0] for found in effects]) + stretched <= 1 + 1e-12).all()
    assert stretched[-1] <= most + 1e-12
