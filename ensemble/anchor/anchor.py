"""Fits the structural anchor to a panel and holds it: four heads, their draws and their weights.

A low-dimensional Bayesian price response of known forms; networks may learn everything else around it (see anchored).
Not for networks or search.

Large tables: see layout for how products are split into blocks. In blocks of at most `full_cross` products every pair
has its own cross effect in the elasticity and linear heads; in larger ones these heads see rivals through the price
index of the own group and that of the block's other groups only. Attraction heads compare all products of a block.
A product with hardly any sales gets the priors, drawn anew in every draw.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from data_io.errors import ConfigError
from data_io.types import SalesPanel
from ensemble.anchor import evaluate
from ensemble.anchor.context import following, lasting
from ensemble.anchor.draws import draw
from ensemble.anchor.evaluate import Context
from ensemble.anchor.fitting import Data, Fit, fit, refit, stocked_path, with_expected
from ensemble.anchor.heads import HEADS, Block, Shape, head_shape
from ensemble.anchor.layout import History, Sets, lay_out
from ensemble.anchor.linearise import log_means
from ensemble.anchor.noise import Patterns, estimate, period_scores
from ensemble.anchor.residual import Cells
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.treatments import PANTRY
from ensemble.anchor.weigh import fold_of_periods, pseudo_bma

LEAST_HEARD = 0.01  # weight of a head below which its forecasts are not asked
MANY_BLOCKS = 8  # above which a fit has one start: blocks are many, and each has little to say


@dataclass(frozen=True)
class HeadDraws:
    """One head's posterior.

    Attributes:
        name: in ensemble.anchor.heads.HEADS.
        draws: arrays [N, B, ...].
        weight: of the head; all weights sum to 1.
        block_weight: [B] of the head in each block; weight is their mean, blocks weighted by units.
        scores: [B, T] held-out log density of each period, 0 where it has weight 0.
    """

    name: str
    draws: dict[str, np.ndarray]
    weight: float
    block_weight: np.ndarray
    scores: np.ndarray

    @property
    def count(self) -> int:
        """Draws N."""
        return len(self.draws["own"])


@dataclass(frozen=True)
class Anchor:
    """A fitted anchor. Answers are in panel.series order; `evaluate` has the same as pure functions for compiled code.

    Attributes:
        heads: each with its draws and weight.
        sets: reference prices, levels, groups and the place of every series; a pytree of arrays.
        unseen: [S, T] expected units of every period from the fits without its fold; None where there were no folds,
            and in a model that was saved.
    """

    heads: tuple[HeadDraws, ...]
    sets: Sets
    unseen: np.ndarray | None = None

    def context(
        self,
        period: pd.Timestamp,
        promotions: np.ndarray | None = None,
        competitor: np.ndarray | None = None,
        held: np.ndarray | None = None,
    ) -> Context:
        """See context.lasting."""
        return lasting(self.sets, period, promotions, competitor, held)

    def following(self, periods: pd.DatetimeIndex, log_price: np.ndarray, promotions: np.ndarray) -> Context:
        """See context.following."""
        return following(self.sets, periods, log_price, promotions)

    def log_units(self, head: HeadDraws, log_prices: jax.Array, context: Context) -> jax.Array:
        """[N, ..., S] log expected units of every draw at log prices [..., S]."""
        return _over_draws(evaluate.log_units, head, self.sets, jnp.asarray(log_prices, jnp.float32), context)

    def units(self, log_prices: np.ndarray, context: Context, traffic: np.ndarray) -> np.ndarray:
        """[..., S] expected units, heads by their weights, at log prices and log relative traffic [..., S]."""
        heard = [head for head in self.heads if head.weight >= LEAST_HEARD] or self.heads
        each = [np.exp(np.asarray(self.log_units(head, log_prices, context), np.float64)).mean(0) for head in heard]
        return np.exp(traffic) * np.average(each, axis=0, weights=[head.weight for head in heard])

    def own_elasticities(self, log_prices: jax.Array, context: Context) -> tuple[np.ndarray, np.ndarray]:
        """[N, S] own-price elasticities of the draws of all heads at log prices [S], and [N] the draws' weights."""
        prices = jnp.asarray(log_prices, jnp.float32)
        found = [_over_draws(evaluate.own_elasticities, head, self.sets, prices, context) for head in self.heads]
        weights = [np.full(head.count, head.weight / head.count) for head in self.heads]
        return np.concatenate(found), np.concatenate(weights)


def fit_anchor(panel: SalesPanel, settings: AnchorSettings, *, seed: int, weights: np.ndarray | None = None) -> Anchor:
    """Fit every head to the panel's observed rows.

    Args:
        weights: [T] of the periods, 0 = unseen; None = all 1.
        seed: of the draws.

    Raises:
        ConfigError: an unknown head, or no observed row of positive weight.
    """
    weight = np.ones(len(panel.periods)) if weights is None else np.asarray(weights, np.float64)
    _check(panel, settings, weight)
    sets, history = lay_out(panel, settings, weight)
    blocks, names = range(len(sets.cells)), settings.heads
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:  # small solves: a core for each
        jobs = [
            [pool.submit(_fit_block, name, block, sets, history, settings, (seed, place, block)) for block in blocks]
            for place, name in enumerate(names)
        ]
        fitted = [[job.result() for job in of_head] for of_head in jobs]
    scores = np.array([[held.scores for _, held in of_head] for of_head in fitted])
    rng = np.random.default_rng((seed, len(fitted)))
    by_block = np.stack([pseudo_bma(scores[:, block], settings.temperature, rng) for block in blocks])
    units = (history.units * history.seen).sum((1, 2, 3)) + 1e-9
    share = units / units.sum()
    heads = tuple(
        HeadDraws(
            name=name,
            draws={key: np.stack([draws[key] for draws, _ in of_head], 1) for key in of_head[0][0]},
            weight=float(share @ by_block[:, place]),
            block_weight=by_block[:, place],
            scores=scores[place],
        )
        for place, (name, of_head) in enumerate(zip(settings.heads, fitted, strict=True))
    )
    unseen = None
    if settings.folds >= 2:
        held = np.array([[held.units for _, held in of_head] for of_head in fitted])  # [H, B, M, T, J]
        cells = np.moveaxis(np.einsum("hb,hbmtj->bmtj", by_block.T, held), 2, 3)
        unseen = cells.reshape(-1, cells.shape[-1])[sets.place]
    return Anchor(heads, sets, unseen)


def _fit_block(
    name: str, number: int, sets: Sets, history: History, settings: AnchorSettings, seed: tuple[int, ...]
) -> tuple[dict, _HeldOut]:
    """Draws of one head in one block, and what it says of periods left out."""
    data = replace(_data(number, sets, history), shocks=settings.shocks, pantry=float(history.relevance[PANTRY]))
    products, groups = sets.group.shape[1:]
    drivers = history.drivers.shape[-1]
    told = settings.full_cross, settings.outside_share, history.competitors, bool(history.relevance.any())
    shape = head_shape(name, products, drivers, groups, *told)
    starts = HEADS[name].starts if len(sets.cells) <= MANY_BLOCKS else 1
    whole = fit(shape, data, history.weight, settings.steps, starts=starts)
    data = with_expected(shape, data, whole)
    rng = np.random.default_rng(seed)
    draws = draw(shape, data, history.weight, whole, settings.draws, rng, settings.block)
    draws["treatment"] = draws["treatment"] * history.relevance[:-1]
    draws["remembered"] = draws["remembered"] * history.relevance[-1]
    if data.pantry:
        stock = stocked_path(shape, data, whole)[:, -1].astype(np.float32)
        draws["stock"] = np.broadcast_to(stock, (settings.draws, *stock.shape))
    return draws, _held_out(shape, data, history.weight, whole, settings)


class _HeldOut(NamedTuple):
    """Of one head in one block, every period by the fit without its fold: scores [T], its log density, and units
    [M, T, J], the expected ones. 0 where there are no folds."""

    scores: np.ndarray
    units: np.ndarray


def _held_out(shape: Shape, data: Data, weight: np.ndarray, whole: Fit, settings: AnchorSettings) -> _HeldOut:
    cells = data.cells
    scores, units = np.zeros(len(weight)), np.zeros(cells.units.shape, np.float32)
    if settings.folds < 2:
        return _HeldOut(scores, units)
    fold = fold_of_periods(len(weight), settings.folds, settings.block)
    judged = np.asarray(cells.seen) * (data.least == 0)  # heads may not judge themselves by the demand they expect
    for number in range(settings.folds):
        seen = (weight * (fold != number)).astype(np.float32)
        found = refit(shape, data, seen, whole, -(-settings.steps // 3))
        log_mean = np.asarray(log_means(shape, data.block, found.theta, found.scale, cells), np.float64)
        alone = estimate(data.patterns, cells.units, log_mean, cells.seen, seen, data.spread)  # unseen shocks are noise
        held = period_scores(cells.units, log_mean, judged, alone)
        scores += np.where(fold == number, held * weight, 0)
        units[:, fold == number] = np.exp(log_mean[:, fold == number])
    return _HeldOut(scores, units)


def _data(number: int, sets: Sets, history: History) -> Data:
    """One block."""
    cells = Cells(
        history.z[number],
        history.units[number],
        history.seen[number],
        history.drivers[number],
        history.traffic[number],
        sets.log_level[number],
        history.season,
        history.surprise[number],
    )
    block = Block(*(getattr(sets, field)[number] for field in Block._fields))
    least = history.least[number]
    return Data(*jax.tree.map(jnp.asarray, (block, cells)), Patterns(cells.seen), least, np.zeros(least.shape))


def _over_draws(function, head: HeadDraws, sets: Sets, *arguments) -> jax.Array:
    return _compiled(function, head.name, head.draws, sets, *arguments)


def _every_draw(function, name, draws, sets, *arguments):
    return jax.lax.map(lambda one: function(name, one, sets, *arguments), draws)


_compiled = jax.jit(_every_draw, static_argnums=(0, 1))


def _check(panel: SalesPanel, settings: AnchorSettings, weight: np.ndarray) -> None:
    unknown = [name for name in settings.heads if name not in HEADS]
    if unknown:
        raise ConfigError(f"anchor.heads={unknown[0]} is not known. Choose from {', '.join(HEADS)}.")
    if not (panel.observed & (weight > 0)).any():
        raise ConfigError("The anchor needs at least one observed sales row in a period of positive weight.")
