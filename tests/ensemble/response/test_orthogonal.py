"""The orthogonal stage finds elasticities that are there, with honest errors, and shrinks what is noisy."""

from dataclasses import replace

import numpy as np
import pytest

from ensemble.response.identification import identification
from ensemble.response.orthogonal import columns_of, cross_fitted, shrunk
from ensemble.response.pooled import pools


def test_elasticities_are_found_within_their_errors(draw):
    drawn = draw(products=40)
    found = identification(drawn.panel)
    z = (found["elasticity"] - drawn.elasticity) / found["elasticity_se"]
    assert found["elasticity_se"].between(0.1, 0.6).all()
    assert abs(z.mean()) < 0.5
    assert 0.7 < z.std() < 1.5
    assert found["sales_sd"].mean() == pytest.approx(0.3, abs=0.03)


def test_missing_rows_cost_precision_and_nothing_else(draw):
    drawn = draw()
    gaps = np.random.default_rng(1).random(drawn.panel.observed.shape) > 0.5
    found = identification(replace(drawn.panel, observed=drawn.panel.observed & gaps))
    assert (found["elasticity"] - drawn.elasticity).abs().max() < 3 * found["elasticity_se"].max()
    assert (found["elasticity_se"] > identification(drawn.panel)["elasticity_se"]).all()


def test_a_block_is_foretold_by_others_and_keeps_no_mean_of_its_own(draw):
    columns = columns_of(draw(products=2).panel)
    series, _, pool = next(pools(np.tile([0, 1], 6)))
    own = columns.of(series)
    controls = own.controls()

    def left(log_units):
        return cross_fitted(log_units[..., None], controls, own.seen, pool)[..., 0]

    first = left(own.log_units)
    assert pool.sum(first[:, 8:12].sum(1)) == pytest.approx(0, abs=1e-9)
    shocked = own.log_units.copy()
    shocked[:, 8:12] += np.random.default_rng(0).normal(size=(len(series), 4))
    second = left(shocked)
    near = slice(4, 16)
    assert second[:, 4:8] == pytest.approx(first[:, 4:8])
    assert second[:, 12:16] == pytest.approx(first[:, 12:16])
    assert np.abs(np.delete(second - first, np.r_[near], axis=1)).max() > 1e-3


def test_shrunk_estimates_lie_between_their_own_and_their_category():
    estimate = np.array([-1.0, -4.0, -2.0, -3.0, -2.5, np.nan])
    error = np.array([0.1, 2.0, 0.1, 0.1, 0.1, np.nan])
    found = shrunk(estimate, error, np.array(["a", "a", "a", "b", "b", "b"]))
    assert found[0] == pytest.approx(-1.0, abs=0.1)
    assert -2.6 < found[1] < -1.4  # too noisy to stay at -4
    assert found[5] == pytest.approx(-2.75, abs=0.05)
    assert np.isnan(shrunk(np.full(2, np.nan), np.full(2, np.nan), np.array(["a", "b"]))).all()


def test_equal_estimates_are_pooled_whole():
    found = shrunk(np.array([-2.0, -2.1, -1.9]), np.full(3, 0.5), np.array(["a"] * 3))
    assert found == pytest.approx(-2.0)
