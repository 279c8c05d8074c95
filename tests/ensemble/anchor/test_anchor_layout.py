"""How a panel becomes blocks."""

from dataclasses import replace

import numpy as np
import pytest

from ensemble.anchor.layout import ABSENT, lay_out
from ensemble.anchor.settings import AnchorSettings


@pytest.mark.parametrize(("most", "blocks"), [(40, 1), (3, 2), (1, 4)])
def test_every_series_has_one_cell_in_a_block_of_its_category(panel, most, blocks):
    sets, _ = lay_out(panel, AnchorSettings(block_products=most), np.ones(len(panel.periods)))
    assert len(sets.cells) == blocks
    series = np.arange(len(panel.series))
    np.testing.assert_array_equal(sets.cells.reshape(-1)[sets.place], series)
    assert (sets.cells < len(series)).sum() == len(series)
    category = panel.series["category"].to_numpy()
    for cells in sets.cells if blocks > 1 else ():
        assert len(set(category[cells[cells < len(series)]])) == 1


def test_a_product_that_a_store_never_had_is_an_empty_cell(panel):
    keep = np.arange(len(panel.series)) != 5
    fields = ("units", "price", "cost", "observed", "censored", "traffic", "promotions", "numeric")
    arrays = {name: getattr(panel, name)[keep] for name in fields}
    sets, history = lay_out(
        replace(panel, series=panel.series[keep].reset_index(drop=True), **arrays),
        AnchorSettings(),
        np.ones(len(panel.periods)),
    )
    empty = sets.cells[0] == keep.sum()
    assert empty.sum() == 1
    assert history.seen[0].sum(1)[empty] == 0
    assert sets.log_level[0][empty] == pytest.approx(np.log(ABSENT))


def test_reference_price_and_level_ignore_periods_without_weight(panel):
    weight = (np.arange(len(panel.periods)) < 30).astype(float)
    later = (slice(None), slice(30, None))
    price, units = panel.price.copy(), panel.units.copy()
    price[later] *= 2
    units[later] = 0
    one, _ = lay_out(panel, AnchorSettings(), weight)
    other, _ = lay_out(replace(panel, price=price, units=units), AnchorSettings(), weight)
    np.testing.assert_array_equal(one.reference, other.reference)
    np.testing.assert_array_equal(one.log_level, other.log_level)


def test_a_price_index_weighs_rivals_by_volume_and_never_the_product_itself(panel):
    sets, _ = lay_out(panel, AnchorSettings(full_cross=2), np.ones(len(panel.periods)))
    rivals = sets.rivals[0]
    assert (np.diag(rivals) == 0).all()
    np.testing.assert_allclose(np.where(sets.same[0], rivals, 0).sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.where(sets.same[0], 0, rivals).sum(1), 2, rtol=1e-5)
