"""Rules of markdown on data_io.markets.season: each is a function of (products, week, level, left) -> steps down.

Money is in shares of the first price. Axes: N products, T weeks, K prices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from data_io.markets import season
from data_io.markets.season import STEP, STEPS, WEEKS, Products
from ensemble.season.belief import Belief, believe
from ensemble.season.prior import Prior, fit_prior, pace
from ensemble.season.seasons import Seasons
from jointprice.markdown import expected_money, outlook_of

SALVAGE = 0.05
LADDER = 1 - STEP * np.arange(STEPS + 1)
CERTAIN = 1e6  # shape of a popularity that is known

Policy = Callable[[Products, int, np.ndarray, np.ndarray], np.ndarray]


def seasons(products: Products, level: np.ndarray, units: np.ndarray, stock: np.ndarray) -> Seasons:
    """What the retailer saw in the first weeks, [N, weeks] each."""
    count, weeks = units.shape
    pad = ((0, 0), (0, WEEKS - weeks))
    seen = np.pad(stock > 0, pad)
    ratio, sold = (np.where(seen, np.pad(part, pad), 0.0) for part in (1 - STEP * level, units))
    cut = np.pad(units >= stock, pad) & seen
    keys = pd.DataFrame({"product": np.arange(count), "store": "web"})
    return Seasons(keys, products.first_price, products.stock, ratio, sold, seen, cut)


@dataclass
class Seen:
    """What a policy remembers of the running season: prices as steps down and stock by week."""

    levels: list[np.ndarray] = field(default_factory=list)
    stocks: list[np.ndarray] = field(default_factory=list)

    def at(self, products: Products, week: int, left: np.ndarray) -> Seasons:
        """The season before this week."""
        if week == 0:
            self.levels.clear()
            self.stocks.clear()
            return seasons(products, *(np.zeros((len(left), 0)) for _ in range(3)))
        stock = np.stack(self.stocks, axis=1)
        return seasons(products, np.stack(self.levels, axis=1), stock - np.column_stack([stock[:, 1:], left]), stock)

    def note(self, level: np.ndarray, left: np.ndarray) -> np.ndarray:
        self.levels.append(level)
        self.stocks.append(left.copy())
        return level


def best(belief: Belief, week: int, level: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps down of the greatest expected money, never fewer than before, and that money, [N] each."""
    count, every = len(left), np.tile(LADDER, (len(left), 1))
    outlook = outlook_of(
        belief,
        periods=WEEKS,
        week=np.full(count, week),
        length=np.full(count, WEEKS),
        stock=left,
        ratio=every,
        worth=every,
        left_over=np.full(count, SALVAGE),
    )
    values = expected_money(belief, outlook)
    values = np.where(np.arange(len(LADDER)) >= level[:, None], values, -np.inf)
    return values.argmax(axis=1), values.max(axis=1)


def certain(popularity: np.ndarray, decay: np.ndarray, elasticity: np.ndarray) -> Belief:
    """A belief that is sure of [N] values."""
    one = np.ones((len(popularity), 1))
    return Belief(
        one,
        np.broadcast_to(decay, len(one))[:, None],
        np.broadcast_to(elasticity, len(one))[:, None],
        popularity[:, None],
        one * CERTAIN,
        season.DISPERSION,
    )


def controller(products: Products, week: int, level: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Knows popularity, decay and elasticity of every product."""
    return best(certain(products.popularity, products.decay, products.elasticity), week, level, left)[0]


def none(products: Products, week: int, level: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Never marks down."""
    return level


def thirty_fifty(products: Products, week: int, level: np.ndarray, left: np.ndarray) -> np.ndarray:
    """30 % off in the sixth and seventh week, 50 % in the eighth: the best of such timings on seeds not reported."""
    return np.full(len(level), 0 if week < 5 else 3 if week < 7 else 5)


def jointprice(prior: Prior) -> tuple[Policy, list[float]]:
    """The project's, with this prior; and a list that receives what is promised in the first week, in all."""
    seen, promised = Seen(), []

    def choose(products, week, level, left):
        chosen, money = best(believe(prior, seen.at(products, week, left)), week, level, left)
        if week == 0:
            promised.append(float(money.sum()))
        return seen.note(chosen, left)

    return choose, promised


def exact_prior(shared: tuple[float, float]) -> Prior:
    """The market's own distribution: what can be known before a season begins, at most."""
    logs = np.linspace(-2, 2, 121) * 2 * season.POPULARITY
    weights = norm.pdf(logs, scale=season.POPULARITY)
    planned = (np.mean(season.DECAY) ** np.arange(WEEKS)).sum() * season.STOCK
    decay, elasticity = (np.array([one]) for one in shared)
    return Prior(np.exp(logs) / planned, decay, elasticity, (weights / weights.sum())[None], season.DISPERSION, 0)


def pooled(past: Seasons, *, censored: bool) -> tuple[float, float, float]:
    """Decay, elasticity and mean popularity over stock by regression of log units on week and log price with product
    effects; weeks that sold out are left out, or (censored) their demand is imputed by EM."""
    used = past.seen & (past.units > 0) & (censored | ~past.censored)
    row, week = np.nonzero(used)
    cut = past.censored[used]
    target = np.log(past.units[used])
    y, x = target.copy(), np.column_stack([week, np.log(past.ratio[used])]).astype(float)
    centred = x - pd.DataFrame(x).groupby(row).transform("mean").to_numpy()
    for _ in range(30 if censored else 1):
        slope = np.linalg.lstsq(centred, y, rcond=None)[0]
        effect = pd.Series(y - x @ slope).groupby(row).transform("mean").to_numpy()
        fitted = effect + x @ slope
        spread = max(float(np.std(y - fitted)), 1e-3)
        z = (target - fitted) / spread
        y = np.where(cut, fitted + spread * norm.pdf(z) / np.maximum(norm.sf(z), 1e-9), target)
    level = float(np.exp(np.mean(effect - np.log(past.stock[row])) + spread**2 / 2))
    return float(np.exp(slope[0])), float(-slope[1]), level


def estimate(seen: Seasons, habits: tuple[float, float, float], weight: float = 1.0) -> np.ndarray:
    """[N] popularity: units sold over those expected of a popularity of 1, and `weight` weeks of the mean."""
    decay, elasticity, level = habits
    usual = pace(seen.ratio, seen.seen, np.array([decay]), np.array([elasticity]))[..., 0]
    return (seen.units.sum(1) + weight * level * seen.stock) / (usual.sum(1) + weight)


def feedback(past: Seasons, reach: float = 0.7, wait: int = 1) -> Policy:
    """From the second week on the highest price at which the projected demand reaches 70 % of the stock left (share and
    wait: the best of a grid on seeds not reported)."""
    habits, seen = pooled(past, censored=False), Seen()

    def choose(products, week, level, left):
        popularity = estimate(seen.at(products, week, left), habits)
        rest = (habits[0] ** np.arange(week, WEEKS)).sum()
        enough = popularity[:, None] * rest * LADDER ** -habits[1] >= reach * left[:, None]
        wanted = np.where(enough.any(1), enough.argmax(1), STEPS)
        return seen.note(np.maximum(level, wanted) if week >= wait else level, left)

    return choose


def censored_em(past: Seasons) -> Policy:
    """The best plan for popularity as estimated, as if it were sure, every week again."""
    habits, seen = pooled(past, censored=True), Seen()

    def choose(products, week, level, left):
        popularity = estimate(seen.at(products, week, left), habits)
        return seen.note(best(certain(popularity, habits[0], habits[1]), week, level, left)[0], left)

    return choose


def lightgbm_monotone(past: Seasons) -> Policy:
    """Trees for units over stock, falling in price, of week, price, what is sold so far and the weeks before it; every
    week the best price to be kept to the end."""
    import lightgbm

    def features(seen: Seasons, week: int, ratio: np.ndarray) -> np.ndarray:
        share = seen.units / seen.stock[:, None]
        before = share[:, :week].sum(1)
        last = share[:, week - 1] if week else np.full(len(before), np.nan)
        price = np.where(week, seen.ratio[:, max(week - 1, 0)], np.nan)
        return np.column_stack([ratio, np.full(len(before), week), before, last, price])

    rows = [(features(past, week, past.ratio[:, week]), past.units[:, week] / past.stock) for week in range(WEEKS)]
    fine = [past.seen[:, week] & ~past.censored[:, week] for week in range(WEEKS)]
    x, y = (np.concatenate([part[number][one] for part, one in zip(rows, fine, strict=True)]) for number in (0, 1))
    options = {"num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 10, "num_threads": 1, "verbosity": -1}
    options |= {"monotone_constraints": [-1, 0, 0, 0, 0], "seed": 0, "deterministic": True}
    trees = lightgbm.train(options, lightgbm.Dataset(x, y), 200)
    seen = Seen()

    def choose(products, week, level, left):
        begun, money = seen.at(products, week, left), []
        for ratio in LADDER:
            ahead = replace(begun, units=begun.units.copy(), ratio=begun.ratio.copy())
            rest, earned = left.copy(), np.zeros(len(left))
            for later in range(week, WEEKS):
                share = trees.predict(features(ahead, later, np.full(len(left), ratio)))
                units = np.minimum(np.maximum(share, 0) * products.stock, rest)
                ahead.units[:, later], ahead.ratio[:, later] = units, ratio
                rest, earned = rest - units, earned + ratio * units
            money.append(earned + SALVAGE * rest)
        values = np.where(np.arange(len(LADDER)) >= level[:, None], np.stack(money, axis=1), -np.inf)
        return seen.note(values.argmax(axis=1), left)

    return choose


def policies(past: Seasons, shared: tuple[float, float] | None) -> tuple[dict[str, Policy], list[float]]:
    """All of them by name, and the list that receives jointprice's promise."""
    ours, promised = jointprice(fit_prior(past))
    found = {"jointprice": ours, "feedback": feedback(past), "censored_em": censored_em(past)}
    found |= {"lightgbm_monotone": lightgbm_monotone(past), "thirty_fifty": thirty_fifty, "none": none}
    found["as_before"] = season.as_before
    if shared is not None:
        found["exact_prior"] = jointprice(exact_prior(shared))[0]
    return found, promised
