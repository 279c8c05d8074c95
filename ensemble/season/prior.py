"""What past seasons say of the next: how popularity around the stock bought, decay and elasticity are distributed.

Units of a period are negative binomial with mean popularity × decay ** period × ratio ** -elasticity. Log popularity,
decay and log elasticity are normal, each by itself; their means and spreads are the likeliest, found by EM on a grid
(empirical Bayes). Prices that followed sales bias nothing: the likelihood of a whole season holds given its prices, as
long as whoever set them saw no more than sales and stock (Rubin 1976). Weeks that sold out count by the chance of at
least so much demand.

Axes: N series, T periods, C cells (pairs of decay and elasticity), L levels of popularity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.special import betainc, gammaln

from ensemble.season.seasons import Seasons

DECAYS = np.linspace(0.8, 1.04, 9)
ELASTICITIES = np.geomspace(0.7, 6.0, 13)  # even in logs, as the normal's weights need
LEVELS = 61  # of log popularity
REACH = 2.4  # in logs, of popularity around its centre
DISPERSIONS = (0.002, 0.01, 0.03, 0.06, 0.12, 0.25, 0.5)
ROUNDS = 60  # of EM
BEGIN = {"elasticity": (np.log(2.0), 0.3), "decay": (0.94, 0.04), "popularity": (0.0, 0.5)}  # mean and sd
LEAST_SPREAD = {"elasticity": 0.1, "decay": 0.01, "popularity": 0.05}  # no season is quite like another
LEAST = 1e-9  # mean units


@dataclass(frozen=True)
class Prior:
    """Weights on a grid.

    Attributes:
        popularity: [L] units of the first period at the first price, over the stock bought. decay, elasticity: [C].
        weights: [C, L], sum 1.
        dispersion: φ of the periods' noise, Var = μ + φ μ².
        seasons: how many taught it.
    """

    popularity: np.ndarray
    decay: np.ndarray
    elasticity: np.ndarray
    weights: np.ndarray
    dispersion: float
    seasons: int


def log_likelihood(seasons: Seasons, prior: Prior) -> np.ndarray:
    """[N, C, L] of each series' seen periods at each atom."""
    mean_at_one = pace(seasons.ratio, seasons.seen, prior.decay, prior.elasticity)  # [N, T, C]
    found = np.zeros((len(seasons), *prior.weights.shape))
    for period in np.flatnonzero(seasons.seen.any(0)):
        mean = seasons.stock[:, None, None] * mean_at_one[:, period, :, None] * prior.popularity
        units, seen, cut = (part[:, period, None, None] for part in (seasons.units, seasons.seen, seasons.censored))
        found += np.where(seen, _log_chance(units, np.maximum(mean, LEAST), cut, prior.dispersion), 0.0)
    return found


def pace(ratio: np.ndarray, seen: np.ndarray, decay: np.ndarray, elasticity: np.ndarray) -> np.ndarray:
    """Price ratios [N, T] -> mean units [N, T, C] at a popularity of 1; 0 where not seen."""
    logs = np.log(np.where(seen, ratio, 1.0))[..., None]
    period = np.arange(ratio.shape[1])[:, None]
    return np.where(seen[..., None], np.exp(period * np.log(decay) - elasticity * logs), 0.0)


def fit_prior(past: Seasons) -> Prior:
    """The distribution of past seasons; the dispersion is the likeliest of DISPERSIONS."""
    decay, elasticity = (grid.ravel() for grid in np.meshgrid(DECAYS, ELASTICITIES, indexing="ij"))
    sold = np.maximum(past.units.sum(1), 1.0) / past.stock
    usual = pace(past.ratio, past.seen, np.array([0.95]), np.array([2.0]))[..., 0].sum(1)
    popularity = np.exp(np.median(np.log(sold / np.maximum(usual, LEAST))) + np.linspace(-REACH, REACH, LEVELS))
    empty = np.zeros((len(decay), LEVELS))
    grid = [Prior(popularity, decay, elasticity, empty, one, len(past)) for one in DISPERSIONS]
    return max(map(partial(_weighed, past), grid), key=lambda found: found[0])[1]


def _weighed(past: Seasons, prior: Prior) -> tuple[float, Prior]:
    """The log likelihood, and the prior with its weights found by EM."""
    logs = log_likelihood(past, prior)
    top = logs.max((1, 2), keepdims=True)
    chance = np.exp(logs - top)
    centre = float(np.log(prior.popularity).mean())
    places = {
        "elasticity": np.log(prior.elasticity)[:, None],
        "decay": prior.decay[:, None],
        "popularity": np.log(prior.popularity) - centre,
    }
    normals = BEGIN
    for _ in range(ROUNDS):
        weights = _normal_weights(places, normals)
        share = np.tensordot(1 / np.tensordot(chance, weights, 2), chance, 1) * weights / len(past)  # [C, L]
        normals = {name: _moments(share, places[name], LEAST_SPREAD[name]) for name in places}
    weights = _normal_weights(places, normals)
    total = float(np.log(np.tensordot(chance, weights, 2)).sum() + top.sum())
    return total, replace(prior, weights=weights)


def _normal_weights(places: dict[str, np.ndarray], normals: dict[str, tuple[float, float]]) -> np.ndarray:
    """[C, L], sum 1, of independent normals (mean, sd) on the grid."""
    logs = sum(-0.5 * ((places[name] - mean) / sd) ** 2 for name, (mean, sd) in normals.items())
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def _moments(share: np.ndarray, place: np.ndarray, least: float) -> tuple[float, float]:
    """Mean and sd of places under the shares [C, L]."""
    mean = float((share * place).sum())
    return mean, max(float((share * (place - mean) ** 2).sum()) ** 0.5, least)


def _log_chance(units: np.ndarray, mean: np.ndarray, cut: np.ndarray, dispersion: float) -> np.ndarray:
    """Negative binomial of means [N, C, L], log P(D = units [N, 1, 1]), or log P(D >= units) where cut [N, 1, 1]."""
    size = 1 / dispersion
    whole = np.round(units)
    exact = (
        gammaln(whole + size) - gammaln(size) - gammaln(whole + 1)
        + size * np.log(size / (size + mean)) + whole * np.log(mean / (size + mean))
    )  # fmt: skip
    at = np.flatnonzero(cut)
    if len(at):
        at_least = betainc(np.maximum(whole[at], 1), size, mean[at] / (size + mean[at]))
        exact[at] = np.where(whole[at] > 0, np.log(np.maximum(at_least, 1e-300)), 0.0)
    return exact
