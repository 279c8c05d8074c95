"""Fits one head to one block: damped Gauss-Newton steps, noise and prior scales in turn. Not for draws or weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from ensemble.anchor import arrow
from ensemble.anchor.censored import demand_at_least
from ensemble.anchor.heads import Block, Shape, Theta, pantry_driver, row_scales
from ensemble.anchor.linearise import linearise, log_means, loss
from ensemble.anchor.noise import Patterns, estimate, first_noise
from ensemble.anchor.pantry import stocks
from ensemble.anchor.residual import Cells, Noise

FIRST_DAMPING, EASE, TIGHTEN, MOST_DAMPING = 0.5, 4.0, 6.0, 1e6
LONGEST_STEP = 1.5  # of a shared or row parameter, in prior standard deviations
ENOUGH = 0.1  # gain in the loss below which steps stop
ROUNDS = 4  # of steps, then noise and scales
SCALE_TRUST = 10.0  # parameters that a prior scale of 1 counts for
SCALE_RANGE = (0.3, 3.0)


@dataclass(frozen=True)
class Fit:
    """A head fitted to a block: its standardised parameters theta, the rows' sds scale [columns], the noise."""

    theta: Theta
    scale: np.ndarray
    noise: Noise


@dataclass(frozen=True)
class Data:
    """One block as the compiled functions take it, its patterns of missing products, and where rows sold out: what
    demand was at least (else 0), and the variance that this leaves it, both [M, T, J]; whether stores share shocks;
    the relevance of the pantry, 0 = none."""

    block: Block
    cells: Cells
    patterns: Patterns
    least: np.ndarray
    spread: np.ndarray
    shocks: bool = False
    pantry: float = 0.0


def around(shape: Shape, data: Data, starts: int) -> list[Fit]:
    """The prior mean and, where there are to be several starts, points around it, the same for all data."""
    middle = first_fit(shape, data)
    rng = np.random.default_rng(0)
    more = [rng.normal(size=shape.shared_count) for _ in range(starts - 1)]
    return [middle, *(replace(middle, theta=middle.theta._replace(shared=near.astype(np.float32))) for near in more)]


def first_fit(shape: Shape, data: Data) -> Fit:
    """Everything at its prior mean."""
    stores = len(data.cells.z)
    theta = Theta(
        np.zeros(shape.shared_count, np.float32),
        np.zeros((shape.products, shape.columns), np.float32),
        np.zeros((stores, shape.products), np.float32),
    )
    return Fit(theta, row_scales(shape)[0].astype(np.float32), first_noise(data.patterns))


def fit(shape: Shape, data: Data, weight: np.ndarray, steps: int, *, starts: int = 1) -> Fit:
    """The posterior mode, from the best of several starts; weight [T] of the periods."""
    tried = [climb(shape, data, weight, start, steps // 3) for start in around(shape, data, starts)]
    found = min(tried, key=lambda one: _value(shape, data, weight, one)) if len(tried) > 1 else tried[0]
    for number in range(ROUNDS):
        if number > 0:
            found = climb(shape, data, weight, found, -(-2 * steps // (3 * (ROUNDS - 1))))
        data = with_expected(shape, data, found)
        found = _renewed(shape, data, weight, found, scales=number > 0)
    return climb(shape, data, weight, found, 3)


def with_expected(shape: Shape, data: Data, found: Fit) -> Data:
    """The data as the fit sees them: the pantries that its purchases fill, and the demand that it expects in place of
    sales that ended with the stock."""
    if data.pantry:
        drivers = np.array(data.cells.drivers)
        drivers[..., pantry_driver(shape)] = data.pantry * (1 - stocked_path(shape, data, found)[:, :-1])
        data = replace(data, cells=data.cells._replace(drivers=jnp.asarray(drivers)))
    return _with_demand(shape, data, found)


def stocked_path(shape: Shape, data: Data, found: Fit) -> np.ndarray:
    """[M, T + 1, J] stock of each product's group before every period and after the last."""
    return stocks(_expected(shape, data, found), data.cells.log_level, data.block.group)


def _expected(shape: Shape, data: Data, found: Fit) -> np.ndarray:
    """[M, T, J] units."""
    return np.exp(np.asarray(log_means(shape, data.block, found.theta, found.scale, data.cells), np.float64))


def _with_demand(shape: Shape, data: Data, found: Fit) -> Data:
    rows = data.least > 0
    if not rows.any():
        return data
    mean = _expected(shape, data, found)
    dispersion = np.broadcast_to(found.noise.dispersion, rows.shape)
    units, spread = np.array(data.cells.units), np.zeros(rows.shape)
    units[rows], spread[rows] = demand_at_least(data.least[rows], mean[rows], dispersion[rows])
    return replace(data, cells=data.cells._replace(units=jnp.asarray(units)), spread=spread)


def refit(shape: Shape, data: Data, weight: np.ndarray, start: Fit, steps: int) -> Fit:
    """The mode under other weights, from a fit under similar ones, whose scales stay; the noise is renewed."""
    found = climb(shape, data, weight, start, steps)
    return _renewed(shape, data, weight, found, scales=False)


def climb(shape: Shape, data: Data, weight: np.ndarray, found: Fit, steps: int) -> Fit:
    """At most `steps` accepted damped steps; a step that does not lower the loss is taken back."""
    damping, theta = FIRST_DAMPING, found.theta
    arguments = (found.scale, data.cells, found.noise, weight)
    value = float(loss(shape, data.block, theta, *arguments))
    for _ in range(steps):
        blocks = linearise(shape, data.block, theta, *arguments, False)
        gain = 0.0
        while damping < MOST_DAMPING:
            trial = moved(shape, theta, *_capped(*arrow.step(blocks, flat(theta), damping)))
            gain = value - float(loss(shape, data.block, trial, *arguments))
            if gain > 0:
                break
            damping *= TIGHTEN
        if not gain > 0:
            break
        theta, value, damping = trial, value - gain, damping / EASE
        if gain < ENOUGH:
            break
    return Fit(theta, found.scale, found.noise)


def flat(theta: Theta) -> tuple[np.ndarray, np.ndarray]:
    """Shared and row parameters [P] and intercepts [M, J], float64."""
    parts = [np.asarray(part, np.float64) for part in theta]
    return np.concatenate([parts[0], parts[1].reshape(-1)]), parts[2]


def moved(shape: Shape, theta: Theta, change: np.ndarray, intercept: np.ndarray) -> Theta:
    """theta plus a change of shared and row parameters [..., P] and of intercepts [..., M, J]."""
    count = shape.shared_count
    rows = change[..., count:].reshape(*change.shape[:-1], shape.products, shape.columns)
    changes = (change[..., :count], rows, intercept)
    return Theta(*((part + each).astype(np.float32) for part, each in zip(theta, changes, strict=True)))


def _value(shape: Shape, data: Data, weight: np.ndarray, found: Fit) -> float:
    """The penalised loss of a fit."""
    arguments = (found.theta, found.scale, data.cells, found.noise, weight)
    return float(loss(shape, data.block, *arguments))


def _capped(change: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    part = min(1.0, LONGEST_STEP / max(np.abs(change).max(), 1e-12))
    return part * change, part * intercept


def _renewed(shape: Shape, data: Data, weight: np.ndarray, found: Fit, *, scales: bool) -> Fit:
    """Noise from the residuals; where asked, prior scales by a step of expectation-maximisation."""
    cells = data.cells
    log_mean = np.asarray(log_means(shape, data.block, found.theta, found.scale, cells), np.float64)
    noise = estimate(data.patterns, cells.units, log_mean, cells.seen, weight, data.spread, data.shocks)
    theta, scale = found.theta, found.scale
    if scales:
        reduced = arrow.reduce(linearise(shape, data.block, theta, scale, cells, noise, weight, False))
        spread = arrow.variances(reduced)[shape.shared_count :].reshape(shape.products, shape.columns)
        rows = np.asarray(theta.rows, np.float64)
        base, kind = row_scales(shape)
        ratio = np.ones(shape.columns)
        for number in np.unique(kind):
            part = kind == number
            tau = scale[part] / base[part]
            size = (rows[:, part] ** 2 + spread[:, part]) * tau**2
            ratio[part] = np.sqrt((size.sum() + SCALE_TRUST) / (size.size + SCALE_TRUST))
        new = (base * np.clip(ratio, *SCALE_RANGE)).astype(np.float32)
        theta, scale = theta._replace(rows=(rows * (scale / new)).astype(np.float32)), new
    return Fit(theta, scale, noise)
