"""The share of shoppers who buy nothing: moved after the fit, and declared before it."""

from dataclasses import replace

import numpy as np
import pytest

from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.market_size import hears_attraction, with_outside_odds
from ensemble.anchor.settings import AnchorSettings


@pytest.fixture(scope="module")
def at_reference(anchor):
    """Units of the nested head at the reference prices times a factor, in every draw: (anchor, factor) -> [N]."""

    def units(anchor, factor):
        nested = next(head for head in anchor.heads if head.name == "nested")
        reference = anchor.sets.reference + np.log(factor)
        found = anchor.log_units(nested, reference, anchor.context(np.datetime64("2024-01-01")))
        return np.exp(np.asarray(found, np.float64)).sum(-1)

    return units


def test_more_shoppers_who_buy_nothing_let_dearer_prices_lose_more_and_change_no_sale_at_usual_ones(
    anchor, at_reference
):
    kept = {}
    for factor in (0.25, 1.0, 4.0):
        moved = with_outside_odds(anchor, factor)
        kept[factor] = at_reference(moved, 1.2) / at_reference(moved, 1.0)
    assert (kept[0.25] > kept[1.0]).all()
    assert (kept[1.0] > kept[4.0]).all()
    same = with_outside_odds(anchor, 1.0)
    np.testing.assert_allclose(at_reference(same, 1.1), at_reference(anchor, 1.1), rtol=1e-4)


def test_heads_without_shares_stay_as_they_were(anchor):
    moved = with_outside_odds(anchor, 4.0)
    for before, after in zip(anchor.heads, moved.heads, strict=True):
        for key, values in before.draws.items():
            if (before.name, key) != ("nested", "outside"):
                np.testing.assert_array_equal(values, after.draws[key])


def test_attraction_is_heard_by_its_weight(anchor):
    weights = {"elasticity": 0.995, "nested": 0.005}
    deaf = replace(anchor, heads=tuple(replace(head, weight=weights[head.name]) for head in anchor.heads))
    heard = replace(anchor, heads=tuple(replace(head, weight=0.5) for head in anchor.heads))
    assert (hears_attraction(heard), hears_attraction(deaf)) == (True, False)


@pytest.mark.parametrize("share", [0.2, pytest.param(0.9, marks=pytest.mark.nightly)])
def test_a_declared_share_is_kept_by_the_fit(panel, share):
    settings = AnchorSettings(heads=["nested"], draws=6, folds=0, steps=12, outside_share=share)
    found = fit_anchor(panel, settings, seed=0).heads[0].draws["outside"]
    assert found.mean() == pytest.approx(share, abs=0.06)
