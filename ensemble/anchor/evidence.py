"""What the sales tell of prices when demand also moves in ways that stores share. Not for the shocks' law (shocks).

Shocks of a period that all stores share are integrated out (Laplace): a parameter is told by what they do not explain
as well. Where stores share more than that (a part of the town, some weeks in a row), the gradient's parts by blocks of
periods vary more than the information says, and the draws of shared parameters are spread by as much, never narrowed
(Chandler & Bate 2007). Axes: T periods, J products, P shared and row parameters, N draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import sqrtm

from ensemble.anchor import arrow
from ensemble.anchor.common import common, losses
from ensemble.anchor.fitting import Data, Fit, capped, flat, moved, with_expected
from ensemble.anchor.heads import Shape, Theta
from ensemble.anchor.linearise import linearise
from ensemble.anchor.shocks import LEAST_STORES, Smoother, law, smoother

STEPS, ENOUGH = 6, 0.05  # most steps to the mode, and the gain in the loss below which they stop
ALTERNATIONS = 4  # of the mode with what it expects, pantries and demand that sold out
FIRST_DAMPING, EASE, TIGHTEN, MOST_DAMPING = 0.01, 4.0, 6.0, 1e6
TOLD = 0.5  # information on a direction of the shared parameters, in the prior's, below which it is the prior's alone


@dataclass(frozen=True)
class Evidence:
    """What shocks in common take from the evidence, at one fit.

    Attributes:
        smoother: of the shocks. back: [T, J] K⁻¹ times the fit's shocks.
        taken: [P, P] information, and pulled [P] its part of the gradient.
        scores: [T, P] the periods' parts of the gradient, shocks at their best.
    """

    smoother: Smoother
    back: np.ndarray
    taken: np.ndarray
    pulled: np.ndarray
    scores: np.ndarray

    def regained(self, pull: np.ndarray) -> np.ndarray:
        """[N] by how much losses fall where shocks follow the pull [N, T, J]."""
        left = np.moveaxis(pull - self.back, 0, -1)
        return 0.5 * (left * self.smoother.solve(left)).sum((0, 1))


def evidence(shape: Shape, data: Data, weight: np.ndarray, found: Fit) -> Evidence:
    """See Evidence; a table of few stores tells of no shocks in common."""
    told = common(shape, data.block, found.theta, found.scale, data.cells, found.noise, weight)
    pull, within, across, scores = (np.asarray(part, np.float64) for part in told)
    shock = np.asarray(found.noise.shock, np.float64)
    shared = law(pull, within, shock) if len(data.cells.z) >= LEAST_STORES else law(0 * pull, within, 0 * shock)
    smooth = smoother(within, *shared)
    back = smooth.drawn_back(shock)
    level = np.linalg.lstsq(within.sum(0), across.sum(0), rcond=None)[0]  # what the level of every product explains
    apart = across - within @ level
    rows = apart.reshape(-1, apart.shape[-1])
    follow = smooth.solve((pull - back)[..., None])[..., 0]
    left = np.einsum("tjk,tk->tj", within, follow) - pull
    return Evidence(
        smoother=smooth,
        back=back,
        taken=rows.T @ smooth.solve(apart).reshape(rows.shape),
        pulled=-rows.T @ follow.reshape(-1),
        scores=scores + np.einsum("tjp,tj->tp", across, follow) - left @ level,
    )


def settle(shape: Shape, data: Data, weight: np.ndarray, found: Fit) -> tuple[Data, Fit, Evidence]:
    """The mode when shocks in common are integrated out, from a fit that took its shocks at their word; the data as
    that mode sees them, and what it tells."""
    for _ in range(ALTERNATIONS):
        found = _climb(shape, data, weight, found)
        seen = with_expected(shape, data, found)
        if seen is data:
            break
        data = seen
    return data, found, evidence(shape, data, weight, found)


def _climb(shape: Shape, data: Data, weight: np.ndarray, found: Fit) -> Fit:
    damping, place = FIRST_DAMPING, (found.scale, data.cells, found.noise, weight)
    for _ in range(STEPS):
        told = evidence(shape, data, weight, found)
        blocks = linearise(shape, data.block, found.theta, *place)
        value = float(marginal_losses(shape, data, weight, found, told, _one(found.theta))[0])
        gain = 0.0
        while damping < MOST_DAMPING:
            step = capped(*arrow.step(blocks, flat(found.theta), damping, told.taken, told.pulled))
            trial = moved(shape, found.theta, *step)
            gain = value - float(marginal_losses(shape, data, weight, found, told, _one(trial))[0])
            if gain > 0:
                break
            damping *= TIGHTEN
        if not gain > 0:
            break
        found, damping = Fit(trial, found.scale, found.noise), damping / EASE
        if gain < ENOUGH:
            break
    return found


def _one(theta: Theta) -> Theta:
    return Theta(*(part[None] for part in theta))


def marginal_losses(
    shape: Shape, data: Data, weight: np.ndarray, found: Fit, told: Evidence, thetas: Theta
) -> np.ndarray:
    """[N] penalised losses of thetas with the leading axis N, shocks in common at their best for each."""
    values = losses(shape, data.block, thetas, found.scale, data.cells, found.noise, weight)
    value, pull = (np.asarray(part, np.float64) for part in values)
    return value - told.regained(pull)


def spread(
    shape: Shape, reduced: arrow.Reduced, told: Evidence, together: int, other: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draws around the mode, other [N, P] and intercepts own [N, M, J], with as much variance of the shared parameters
    as the gradient's parts have over blocks of `together` periods; the rest moves with them as the posterior says."""
    count, full = shape.shared_count, reduced.schur
    along = np.linalg.solve(full[count:, count:], full[count:, :count])
    precision = full[:count, :count] - full[:count, count:] @ along
    information = precision - np.eye(count) - along.T @ along  # less the priors'
    values, vectors = np.linalg.eigh(0.5 * (information + information.T))
    heard = values > TOLD
    back = vectors[:, heard] * np.sqrt(values[heard])
    scores = (told.scores[:, :count] - told.scores[:, count:] @ along) @ (vectors[:, heard] / np.sqrt(values[heard]))
    ratios, turn = np.linalg.eigh(_shrunk(_by_block(scores, together)))
    more = back @ (turn * (np.maximum(ratios, 1) - 1)) @ turn.T @ back.T
    inverse = np.linalg.inv(precision)
    wider = np.real(sqrtm(inverse @ (precision + more) @ inverse)) @ np.real(sqrtm(precision)) - np.eye(count)
    change = other[:, :count] @ wider.T
    change = np.concatenate([change, -change @ along.T], 1)
    return other + change, own - np.einsum("mjp,np->nmj", reduced.through, change)


def _by_block(scores: np.ndarray, together: int) -> np.ndarray:
    """[blocks, d] sums of standardised scores [T, d] over blocks of periods in which anything is known."""
    sums = np.add.reduceat(scores, np.arange(0, len(scores), together))
    return sums[np.any(sums != 0, 1)]


def _shrunk(scores: np.ndarray) -> np.ndarray:
    """[d, d] second moments of scores [blocks, d] in units of the information, drawn to their mean as far as so few
    blocks would scatter alone (Ledoit & Wolf 2004)."""
    moments = scores.T @ scores
    size = len(moments)
    mean = np.trace(moments) / max(size, 1)
    scatter = ((moments - mean * np.eye(size)) ** 2).sum() / max(size, 1)
    chance = mean**2 * size / max(len(scores), 1)
    kept = max(0.0, 1 - chance / max(scatter, 1e-12))
    return mean * (1 - kept) * np.eye(size) + kept * moments
