"""Who adds to a basket to save: learnt from periods with a deal "spend X, save Y" beside periods without.

A basket below the threshold is stretched to it where the saving is worth what must be added: with the share
q exp(−(ρ / ρ₀) ^ k), ρ = m (1 + m / (a s)) / Y where m is missing from a basket of s: the more is added, the less it is
worth. Stretched baskets land at the threshold or, goods being lumps, an exponential overshoot above it; the others are
as in periods without a deal. That is a bunching estimate (Saez 2010; Kleven 2016) with the whole distribution, several
deals and their common parameters at once. Baskets of a deal's periods may be larger or smaller for other reasons: a
tilt of the distribution in log spend, shrunk to what periods without deals differ by. Not for choosing deals.

Axes: W periods, D past deals, R bins of spend over the threshold, K draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

EDGES = np.concatenate([np.arange(0, 2, 0.025), np.arange(2, 4, 0.25), [4, 6, np.inf]])
MIDDLE = np.append((EDGES[:-2] + EDGES[1:-1]) / 2, 8.0)  # [R]
BELOW = MIDDLE < 1
PRIOR_MEAN = np.array([0.0, np.log(2.0), np.log(1.5), np.log(2.0)])  # of logit q, log ρ₀, log k, log a
PRIOR_SD = np.array([1.5, 0.7, 0.5, 1.0])
OVERSHOOT_SD = 1.0  # of log overshoot, around a tenth of the thresholds


class Deal(NamedTuple):
    """Spend at least `spend`, save `save` (money, once a basket)."""

    spend: float
    save: float


class Observed(NamedTuple):
    """spends: of each period's baskets, W arrays. deal: [W] number of the deal that ran, -1 = none. deals: D."""

    spends: list[np.ndarray]
    deal: np.ndarray
    deals: list[Deal]

    def of(self, deal: int) -> list[np.ndarray]:
        """The spends of the periods of one deal, or (-1) of those without."""
        return [spend for spend, ran in zip(self.spends, self.deal, strict=True) if ran == deal]

    def only(self, rows: np.ndarray) -> Observed:
        """The same of some periods."""
        return Observed([self.spends[row] for row in rows], self.deal[rows], self.deals)


class Stretch(NamedTuple):
    """most: q, reach: ρ₀, steepness: k, appetite: a, overshoot: mean, money; each [K]. weight: [K, W] how often a draw
    has a period without a deal (W of these alone). plain: these periods' spends."""

    most: np.ndarray
    reach: np.ndarray
    steepness: np.ndarray
    appetite: np.ndarray
    overshoot: np.ndarray
    weight: np.ndarray
    plain: list[np.ndarray]

    def share(self, deal: Deal) -> np.ndarray:
        """[K, R] stretched of the baskets of each bin."""
        return _share(deal.spend, deal.save, *(value[:, None] for value in self[:4]))


class Effect(NamedTuple):
    """What a deal does per draw [K]: baskets per period; of these above the threshold anyway (already) and stretched,
    as shares; money added to the stretched ones, per basket of all."""

    baskets: np.ndarray
    already: np.ndarray
    stretched: np.ndarray
    added: np.ndarray


def histogram(spends: list[np.ndarray], threshold: float) -> np.ndarray:
    """[W, R] baskets by spend over the threshold."""
    counts = [np.histogram(spend / threshold, EDGES)[0] for spend in spends]
    return np.array(counts, np.float64).reshape(-1, len(MIDDLE))


def fit_stretch(observed: Observed, *, draws: int, seed: int) -> Stretch:
    """Draws from about the posterior: each fits baskets drawn anew (periods without a deal, baskets of those with one)
    under priors with centres drawn anew (randomise, then optimise: Bardsley et al. 2014); the first as they are."""
    deals, plain = observed.deals, observed.of(-1)
    base = np.stack([histogram(plain, deal.spend) for deal in deals], 1)  # [W, D, R]
    held = [histogram(observed.of(number), deal.spend) for number, deal in enumerate(deals)]
    counts = np.stack([part.sum(0) for part in held])  # [D, R]
    spend, save = np.array(deals).T[..., None]  # [D, 1]
    centre = np.concatenate([PRIOR_MEAN, [np.log(0.1 * spend.mean())], np.zeros(len(deals))])
    tilt = _tilt_sd(plain) / np.sqrt([max(len(part), 1) for part in held])  # a deal's periods share one tilt
    sd = np.concatenate([PRIOR_SD, [OVERSHOOT_SD], tilt])
    rng, weights, found = np.random.default_rng(seed), [], []
    for draw in range(draws):
        weight, drawn, around = np.ones(len(plain)), counts, centre
        if draw:
            weight = rng.multinomial(len(plain), weight / len(plain)).astype(np.float64)
            drawn, around = rng.poisson(counts), rng.normal(centre, sd)
        shares = np.einsum("w,wdr->dr", weight, base) + 0.5 / len(MIDDLE)
        shares /= shares.sum(1, keepdims=True)
        found.append(_fit(shares, drawn, spend, save, around, sd, found[0] if found else centre))
        weights.append(weight)
    most, others = np.array(found).T[0], np.exp(np.array(found).T[1:5])
    return Stretch(expit(most), *others, np.array(weights), plain)


def effect(stretch: Stretch, deal: Deal) -> Effect:
    """What the deal is expected to do to the baskets of periods like those without one."""
    counts = stretch.weight @ histogram(stretch.plain, deal.spend)  # [K, R]
    shares = counts / counts.sum(1, keepdims=True)
    missing = np.where(BELOW, 1 - MIDDLE, 0.0) * deal.spend
    moved = shares * stretch.share(deal)
    stretched = moved.sum(1)
    return Effect(
        baskets=counts.sum(1) / stretch.weight.sum(1),
        already=shares[:, ~BELOW].sum(1),
        stretched=stretched,
        added=moved @ missing + stretched * stretch.overshoot,
    )


def _fit(shares, counts, spend, save, centre: np.ndarray, sd: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """logit q, log ρ₀, log k, log a, log overshoot and the deals' tilts that are most likely.

    Args:
        shares, counts: [D, R] of baskets without a deal, and baskets with each. spend, save: [D, 1].
    """

    def loss(values: np.ndarray) -> float:
        expected = _expected(shares, spend, save, values[:5], values[5:, None])
        return float(0.5 * (((values - centre) / sd) ** 2).sum() - (counts * np.log(expected)).sum())

    return minimize(loss, begin, method="BFGS").x


def _expected(shares, spend, save, values: np.ndarray, tilt) -> np.ndarray:
    """[D, R] shares of each deal's baskets."""
    tilted = shares * MIDDLE**tilt
    tilted = tilted / tilted.sum(1, keepdims=True)
    most, (*others, overshoot) = expit(values[0]), np.exp(values[1:])
    moved = tilted * _share(spend, save, most, *others)
    above = np.exp(-(np.maximum(EDGES, 1) - 1) * spend / overshoot)  # shares beyond an edge
    return tilted - moved + moved.sum(1, keepdims=True) * (above[:, :-1] - above[:, 1:]) + 1e-12


def _tilt_sd(spends: list[np.ndarray]) -> float:
    """By how much periods without a deal differ: sd of the tilts that move each one's mean log spend as far."""
    logs = [np.log(spend) for spend in spends]
    spread = np.concatenate(logs).var()
    return max(float(np.std([part.mean() for part in logs])) / max(spread, 1e-9), 1e-3)


def _share(spend, save, most, reach, steepness, appetite) -> np.ndarray:
    """[..., R] stretched of the baskets of each bin."""
    missing = np.where(BELOW, 1 - MIDDLE, 1.0)
    ratio = missing * (1 + missing / (appetite * MIDDLE)) * spend / save
    return np.where(BELOW, most * np.exp(-np.exp(np.minimum(steepness * np.log(ratio / reach), 500))), 0.0)
