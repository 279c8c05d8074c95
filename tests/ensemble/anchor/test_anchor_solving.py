"""The compiled derivatives and the eliminated system against plain ones."""

from dataclasses import replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from ensemble.anchor import arrow
from ensemble.anchor.anchor import _data
from ensemble.anchor.draws import resample
from ensemble.anchor.fitting import first_fit, flat
from ensemble.anchor.heads import HEADS, Theta, head_shape
from ensemble.anchor.layout import lay_out
from ensemble.anchor.linearise import linearise, log_means, loss
from ensemble.anchor.settings import AnchorSettings
from ensemble.deviance import deviance_residual


@pytest.fixture(scope="module")
def system():
    """A random arrow system of 7 parameters, 4 stores and 3 products, and its dense matrix and gradient."""
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(4, 30, 10))
    blocks = np.einsum("mip,miq->mpq", rows, rows)
    found = SimpleNamespace(
        head=blocks[:, :7, :7].sum(0),
        joint=blocks[:, 7:, :7],
        store=blocks[:, 7:, 7:],
        gradient=rng.normal(size=7),
        store_gradient=rng.normal(size=(4, 3)),
    )
    dense = np.zeros((19, 19))
    dense[:7, :7] = found.head
    for store in range(4):
        part = slice(7 + 3 * store, 10 + 3 * store)
        dense[part, part] = found.store[store]
        dense[part, :7] = found.joint[store]
        dense[:7, part] = found.joint[store].T
    return found, dense, np.concatenate([found.gradient, found.store_gradient.reshape(-1)])


@pytest.mark.parametrize("damping", [0.0, 3.0])
def test_the_eliminated_step_is_the_dense_step(system, damping):
    found, dense, gradient = system
    theta = np.linspace(-1, 1, 7), np.linspace(0, 1, 12).reshape(4, 3)
    full = dense + np.diag(1 + damping * (1 + 0.02 * np.diag(dense)))
    expected = -np.linalg.solve(full, gradient + np.concatenate([theta[0], theta[1].reshape(-1)]))
    other, intercept = arrow.step(found, theta, damping)
    np.testing.assert_allclose(np.concatenate([other, intercept.reshape(-1)]), expected, rtol=1e-8)


def test_samples_have_the_posteriors_covariance(system):
    found, dense, _ = system
    other, intercept = arrow.sample(arrow.reduce(found), 40_000, np.random.default_rng(0))
    drawn = np.concatenate([other, intercept.reshape(len(other), -1)], 1)
    expected = np.linalg.inv(dense + np.eye(19))
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(np.cov(drawn.T) / scale, expected / scale, atol=0.04)


SEPARABLE = [name for name in HEADS if HEADS[name].separable]
QUICK = [name for name in HEADS if name != "classes"]  # which takes as long as all the others


def remembering(data):
    """The data of shoppers who feel prices against remembered ones."""
    surprise = np.random.default_rng(5).normal(0, 0.1, data.cells.z.shape).astype(np.float32)
    return replace(data, cells=data.cells._replace(surprise=surprise))


@pytest.mark.parametrize(
    ("name", "full_cross"),
    [
        ("nested", 16),
        (SEPARABLE[0], 2),
        *(pytest.param(name, 16, marks=pytest.mark.nightly) for name in SEPARABLE),
    ],
)
def test_the_gradient_by_blocks_is_the_losss_own(panel, name, full_cross):
    weight = np.ones(len(panel.periods), np.float32)
    sets, history = lay_out(panel, AnchorSettings(full_cross=full_cross), weight)
    data = remembering(_data(0, sets, history))
    shape = head_shape(name, 4, history.drivers.shape[-1], 2, full_cross, stockpiling=True)
    start, rng = first_fit(shape, data), np.random.default_rng(0)
    theta = Theta(*(0.3 * rng.normal(size=part.shape).astype(np.float32) for part in start.theta))
    correlation = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
    noise = data.patterns.noise(np.full(4, 0.2), correlation)
    found = deviance_residual(
        data.cells.units, np.exp(log_means(shape, data.block, theta, start.scale, data.cells)), 0.2
    )
    cells = data.cells._replace(seen=(np.abs(found) > 0.05).astype(np.float32))  # a root's slope is undefined at 0
    arguments = (start.scale, cells, noise, weight)
    blocks = linearise(shape, data.block, theta, *arguments, True)
    expected = flat(jax.grad(lambda at: loss(shape, data.block, at, *arguments))(theta))
    here = flat(theta)
    np.testing.assert_allclose(blocks.gradient + here[0], expected[0], rtol=2e-3, atol=0.05)
    np.testing.assert_allclose(blocks.store_gradient + here[1], expected[1], rtol=2e-3, atol=0.05)

    def shocked(shock):
        return loss(shape, data.block, theta, *arguments[:2], noise._replace(shock=shock), weight)

    np.testing.assert_allclose(-blocks.pull, jax.grad(shocked)(noise.shock), rtol=2e-3, atol=0.05)


@pytest.mark.parametrize("name", [*QUICK, pytest.param("classes", marks=pytest.mark.nightly)])
def test_the_blocks_are_the_gauss_newton_products_of_the_whole_jacobian(panel, name):
    weight = np.linspace(0.5, 1, len(panel.periods)).astype(np.float32)
    sets, history = lay_out(panel, AnchorSettings(), weight)
    data = remembering(_data(0, sets, history))
    shape = head_shape(name, 4, history.drivers.shape[-1], 2, 16, stockpiling=True)
    start, rng = first_fit(shape, data), np.random.default_rng(1)
    theta = Theta(*(0.3 * rng.normal(size=part.shape).astype(np.float32) for part in start.theta))
    noise = data.patterns.noise(np.full(4, 0.2), np.full((4, 4), 0.3) + 0.7 * np.eye(4))
    blocks = linearise(shape, data.block, theta, start.scale, data.cells, noise, weight, True)

    slopes = jax.jacfwd(lambda at: log_means(shape, data.block, at, start.scale, data.cells))(theta)
    stores, periods = data.cells.z.shape[:2]
    by_rows = np.asarray(slopes.rows, np.float64).reshape(stores, periods, 4, -1)
    jacobian = np.concatenate([np.asarray(slopes.shared, np.float64), by_rows], -1)
    own = np.stack([np.asarray(slopes.intercept[store, :, :, store], np.float64) for store in range(stores)])
    mean = np.exp(np.asarray(log_means(shape, data.block, theta, start.scale, data.cells), np.float64))
    root = np.sqrt(mean / (1 + np.asarray(noise.dispersion) * mean)) * data.cells.seen
    inverse = np.asarray(noise.inverse, np.float64)[np.asarray(noise.pattern)] * weight[:, None, None]
    heavy = root[..., None] * inverse * root[..., None, :]
    shocks = np.broadcast_to(np.eye(4), (stores, periods, 4, 4))
    for found, left, right, sums in (
        (blocks.head, jacobian, jacobian, "mtjp,mtjk,mtkq->pq"),
        (blocks.joint, own, jacobian, "mtjp,mtjk,mtkq->mpq"),
        (blocks.store, own, own, "mtjp,mtjk,mtkq->mpq"),
        (blocks.across, shocks, jacobian, "mtjp,mtjk,mtkq->tpq"),
        (blocks.within, shocks, shocks, "mtjp,mtjk,mtkq->tpq"),
    ):
        expected = np.einsum(sums, left, heavy, right, optimize=True)
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max())


def test_resampled_candidates_follow_their_weights_and_never_rest_on_fewer_than_asked():
    rng = np.random.default_rng(0)
    position = rng.normal(size=400)
    tilted = position[resample(position, 200, np.random.default_rng(1))]  # N(0, 1) times e^x is N(1, 1)
    assert abs(tilted.mean() - 1) < 0.25
    steep = -50.0 * np.arange(400)
    kept = np.bincount(resample(steep, 24, np.random.default_rng(2)), minlength=400)
    assert kept.sum() == 24
    assert kept[0] == kept.max()
    assert kept.max() < 6
