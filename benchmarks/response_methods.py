"""Ways to foretell what a price move does to sales, each learnt from the known periods alone. Not for scoring.

Every method answers one question: the change of log units when the series' own price goes from that of the period
before to its own, all else (season, rivals' prices and promotions, past sales) as in the second period. Only `joint`
lets the rivals' prices and promotions move too. `double_ml` is our own cross-fitted partially linear stage, with
linear learners for what prices and sales have in common with the controls; `doubleml` the package of that name with
boosted trees for them (benchmarks.response_doubleml).

Axes: D draws, N moves, S series, T periods, J products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from benchmarks.decision_trees import PARAMETERS, ROUNDS
from benchmarks.response_doubleml import Partialled, partially_linear
from benchmarks.response_moves import Moves, common_effect
from data_io.features import season
from data_io.panel import hide
from ensemble.anchor.anchor import LEAST_HEARD, Anchor, HeadDraws, fit_anchor
from ensemble.anchor.evaluate import Context
from ensemble.response.orthogonal import columns_of, shrunk, slopes
from ensemble.response.pooled import Fit, Pool, fit, pools, without_series
from ensemble.response.verdicts import verdicts
from jointprice.schema import Config

LEAST_PERIODS = 8  # of a product before its own slope counts
NORMAL_DRAWS = 100


class Change(NamedTuple):
    """mean [N] change of log units; draws [D, N] of it with weights [D], or None where a method has no spread."""

    mean: np.ndarray
    draws: np.ndarray | None = None
    weights: np.ndarray | None = None


class Learner:
    """The methods on one table; the anchor is fitted when first asked."""

    def __init__(self, moves: Moves, config: Config):
        self.moves, self.config = moves, config
        self.panel = hide(moves.panel, moves.known)
        self._anchor: Anchor | None = None
        self._trees: dict[int, Partialled] = {}

    def jointprice(self) -> Change:
        """The structural anchor of jointprice: the ratio of expected units at the two own prices."""
        return self._by_heads(_own_move)

    def joint(self) -> Change:
        """The anchor with all prices and promotions of the store moving as they did, net as the sales are."""
        return self._by_heads(_all_move)

    def double_ml(self) -> Change:
        """Cross-fitted partially linear slopes of the products whose verdict is "identified", shrunk to the category,
        whose mean the others take; errors are those before shrinking. Without the verdict, slopes that rest on two
        sales swamp the rest."""
        columns, code = columns_of(self.panel), self._code("product")
        return self._drawn_to_category(code, *self._slopes(code, lambda series, pool: slopes(columns.of(series), pool)))

    def doubleml(self) -> Change:
        """Slopes of the products on what DoubleML's trees leave of units and prices, then as in double_ml."""
        code, category = self._code("product"), self._code("category")
        found = [self._partialled(number) for number in range(category.max() + 1)]
        left, rows = sum(each.left for each in found), sum(each.rows for each in found) > 0

        def one(series: np.ndarray, pool: Pool) -> Fit:
            seen = rows[series]
            return fit(left[series][..., 0], left[series][..., 1:], seen, pool, pool.sum(seen.any(1).astype(int)))

        return self._drawn_to_category(code, *self._slopes(code, one))

    def doubleml_pooled(self) -> Change:
        """DoubleML's own coefficient and error, one for all products of a category."""
        code = self._code("category")
        found = [self._partialled(number) for number in range(code.max() + 1)]
        return self._linear(code, *(np.array([getattr(each, name) for each in found]) for name in ("slope", "error")))

    def _partialled(self, category: int) -> Partialled:
        """DoubleML's regression on one category, done once."""
        if category not in self._trees:
            self._trees[category] = partially_linear(
                self.panel, self._code("product"), self._code("category") == category
            )
        return self._trees[category]

    def _drawn_to_category(self, code: np.ndarray, slope: np.ndarray, error: np.ndarray) -> Change:
        names = pd.factorize(self.panel.series["product"])[1]
        judged = verdicts(self.panel, corrected=self.config.response.control).set_index("product")
        identified = (judged["power"].reindex(names) == "identified").to_numpy()
        category = self.panel.series.groupby(code)["category"].last().to_numpy()
        own = np.where(identified, slope, np.nan) if identified.any() else slope
        return self._linear(code, shrunk(own, error, category), error)

    def pooled(self) -> Change:
        """The same with one slope for all products of a category."""
        columns, code = columns_of(self.panel), self._code("category")
        return self._linear(code, *self._slopes(code, lambda series, pool: slopes(columns.of(series), pool)))

    def ols(self) -> Change:
        """Log units on log price with store effects, product by product."""
        rows = self.panel.observed & (self.panel.units > 0)
        both = np.stack([np.log(np.where(rows, self.panel.units, 1.0)), np.log(self.panel.price)], -1)

        def one(series: np.ndarray, pool: Pool) -> Fit:
            left, seen = without_series(both[series], rows[series]), rows[series]
            return fit(left[..., 0], left[..., 1:], seen, pool, pool.sum(seen.any(1).astype(int)))

        code = self._code("product")
        return self._linear(code, *self._slopes(code, one))

    def lightgbm(self) -> Change:
        """Boosted trees for log units, as benchmarks.decision_trees fits them, asked at the two own prices.

        Raises:
            ImportError: LightGBM is not installed.
        """
        try:
            import lightgbm
        except ImportError:
            raise ImportError("lightgbm needs LightGBM: pip install 'jointprice[bench]'") from None
        moves, columns = self.moves, columns_of(self.panel)
        at = (moves.row, moves.period)
        features, categorical = self._tree_features()
        row, period = np.nonzero(columns.seen & (self.panel.units > 0))
        target = np.log(self.panel.units[row, period])
        data = lightgbm.Dataset(features[row, period], target, categorical_feature=categorical)
        model = lightgbm.train(PARAMETERS, data, ROUNDS)
        new, old = features[at], features[at]
        old[:, 0] -= moves.log_move
        return Change(model.predict(new) - model.predict(old))

    def _tree_features(self) -> tuple[np.ndarray, list[int]]:
        """[S, T, F] features, the own log price first, and which are categories. No other depends on the own price of
        its period; sales of the periods before are known, as they are when a price is set."""
        columns, sold = columns_of(self.panel), self.moves.panel
        log_units = pd.DataFrame(np.where(sold.observed, np.log1p(sold.units), np.nan)).T
        prices = pd.DataFrame(columns.log_price).T
        codes = [pd.factorize(sold.series[name])[0][:, None] for name in ("product", "store", "category")]
        parts = [
            columns.log_price,
            *codes,
            columns.rivals,
            columns.lag,
            prices.shift().rolling(4, min_periods=1).mean().T.to_numpy(),
            log_units.shift().T.to_numpy(),
            log_units.shift().rolling(4, min_periods=1).mean().T.to_numpy(),
        ]
        parts = [np.broadcast_to(part, sold.price.shape) for part in parts]
        wide = [np.broadcast_to(columns.calendar, (*sold.price.shape, columns.calendar.shape[-1])), columns.promotions]
        return np.concatenate([np.stack(parts, -1), *wide], -1), [1, 2, 3]

    def _by_heads(self, change: Callable[[Anchor, HeadDraws, Moves], np.ndarray]) -> Change:
        """`change` of every head that is heard, by the heads' weights."""
        if self._anchor is None:
            known = (np.arange(len(self.panel.periods)) < self.moves.known).astype(float)
            fitted = fit_anchor(self.panel, self.config.response, seed=self.config.seed, weights=known)
            self._anchor = replace(fitted, heads=tuple(head for head in fitted.heads if head.weight >= LEAST_HEARD))
        heads = self._anchor.heads
        draws = np.concatenate([change(self._anchor, head, self.moves) for head in heads])
        weights = np.concatenate([np.full(head.count, head.weight / head.count) for head in heads])
        weights = weights / weights.sum()
        return Change(weights @ draws, draws, weights)

    def _code(self, column: str) -> np.ndarray:
        """[S] number of each series' product or category."""
        return pd.factorize(self.panel.series[column])[0]

    def _slopes(self, code: np.ndarray, one: Callable[[np.ndarray, Pool], Fit]) -> tuple[np.ndarray, np.ndarray]:
        """[J] slopes and their errors by `code` [S]; where there are few periods, or no slope, the median of both."""
        slope, error = (np.full(code.max() + 1, np.nan) for _ in range(2))
        for series, numbers, pool in pools(code):
            found = one(series, pool)
            enough = found.periods >= LEAST_PERIODS
            slope[numbers] = np.where(enough, found.coefficient[:, 0], np.nan)
            error[numbers] = np.where(enough, found.error[:, 0], np.nan)
        return tuple(np.where(np.isfinite(each), each, np.nanmedian(each)) for each in (slope, error))

    def _linear(self, code: np.ndarray, slope: np.ndarray, error: np.ndarray) -> Change:
        """Constant elasticities [J] by `code` [S], with normal errors."""
        number, move = code[self.moves.row], self.moves.log_move
        normal = norm.ppf((np.arange(NORMAL_DRAWS) + 0.5) / NORMAL_DRAWS)
        draws = (slope[number] + normal[:, None] * error[number]) * move
        return Change(slope[number] * move, draws, np.full(NORMAL_DRAWS, 1 / NORMAL_DRAWS))


METHODS: dict[str, Callable[[Learner], Change]] = {
    "jointprice": Learner.jointprice,
    "jointprice, rivals move too": Learner.joint,
    "double_ml (own)": Learner.double_ml,
    "double_ml (own), pooled": Learner.pooled,
    "doubleml": Learner.doubleml,
    "doubleml, pooled": Learner.doubleml_pooled,
    "loglog_ols": Learner.ols,
    "lightgbm": Learner.lightgbm,
}


def _own_move(anchor: Anchor, head: HeadDraws, moves: Moves) -> np.ndarray:
    """[D, N]. Products that share a place in different stores or blocks do not touch each other: one vector of prices
    asks for the old prices of all of them."""
    products = anchor.sets.cells.shape[-1]
    column = anchor.sets.place % products
    found = np.zeros((head.count, len(moves.row)))
    for period, own, new in _periods(moves):
        old = new.copy()
        old[moves.row[own]] -= moves.log_move[own]
        asked = np.where(column == np.arange(products)[:, None], old, new)
        each = np.asarray(
            anchor.log_units(head, np.concatenate([asked, new[None]]), _context(anchor, moves, period, period))
        )
        row = moves.row[own]
        found[:, own] = each[:, -1, row] - each[:, column[row], row]
    return found


def _all_move(anchor: Anchor, head: HeadDraws, moves: Moves) -> np.ndarray:
    """[D, N], less what the still series of the category are foretold to gain."""
    found = np.zeros((head.count, len(moves.row)))
    for period, own, new in _periods(moves):
        before = np.log(moves.panel.price[:, period - 1])
        after = np.asarray(anchor.log_units(head, new, _context(anchor, moves, period, period)), np.float64)
        change = after - np.asarray(anchor.log_units(head, before, _context(anchor, moves, period - 1, period)))
        net = change - common_effect(change, moves.still[:, period], moves.panel)
        found[:, own] = net[:, moves.row[own]]
    return found


def _periods(moves: Moves) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Each period with moves, the numbers of these, and its log prices [S]."""
    for period in np.unique(moves.period):
        yield int(period), np.flatnonzero(moves.period == period), np.log(moves.panel.price[:, period])


def _context(anchor: Anchor, moves: Moves, known: int, period: int) -> Context:
    """The season of one period with the promotions, past deals and usual prices of another."""
    panel, history = moves.panel, slice(0, known + 1)
    last = panel.periods[[known]]
    found = anchor.following(last, np.log(panel.price[:, history]), panel.promotions[:, history])
    return Context(*(values[0] for values in found))._replace(season=season(panel.periods[[period]])[0])
