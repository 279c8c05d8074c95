"""Next prices of seasonal products, and what they are expected to bring to the season's end. Not for tables of results.

Axes: N offers, K prices of each: the current one and the ladder below it, falling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data_io.errors import ConfigError, NotFoundError
from data_io.types import Tables
from ensemble.season.belief import Belief, believe
from ensemble.season.prior import Prior, fit_prior
from ensemble.season.seasons import KEYS, Seasons, seasons_of
from jointprice.conflicts import situation_of
from jointprice.markdown_offers import ladders, running_seasons, season_lengths, why_held
from jointprice.pricing import business_rules, check_answer
from jointprice.schema import Config
from search.conflict.situation import DEMAND_FREE
from search.markdown.choose import Choice, choose
from search.markdown.follow import Course, follow
from search.markdown.values import Outlook, as_outlook, price_values
from search.money import Money
from search.objective import net_price
from search.rules.base import Rule
from search.rules.catalogue import build_rules

SCOPE = "store_product"  # every offer has a stock, and so a price, of its own
LEAST_SEASONS = 20  # from which a prior is learnt
LEAST_POPULARITY = 1e-6  # units: keeps rates finite
PENALTIES = (0.0, 0.1, 0.25, 0.5, 1.0)  # of a unit left over, as shares of the first price


@dataclass(frozen=True)
class Markdown:
    """What was decided of N offers.

    Attributes:
        offers: [N] rows of the offers, in their order. held: [N] why one keeps its price, "" = it is priced.
        first_price, season_stock: [N]. week: [N] periods of the season that are over, length: [N] of all that it has.
        prices: [N, K]. values: [N, K] expected money to the season's end. chosen: [N] number of the price taken.
        units_current: [N] expected demand of the next period at the current price.
        course: the rest of the season, simulated. prior: what past seasons taught.
        penalty: [N] money that a unit left over was taken to cost, for the sell-through.
    """

    offers: pd.DataFrame
    held: np.ndarray
    first_price: np.ndarray
    season_stock: np.ndarray
    week: np.ndarray
    length: np.ndarray
    prices: np.ndarray
    units_current: np.ndarray
    values: np.ndarray
    chosen: np.ndarray
    course: Course
    prior: Prior
    penalty: np.ndarray

    @property
    def price(self) -> np.ndarray:
        """[N] the next prices."""
        return self.prices[np.arange(len(self.chosen)), self.chosen]


def mark_down(config: Config, tables: Tables, periods: pd.DatetimeIndex) -> Markdown:
    """Next prices of all offers whose season runs.

    Raises:
        ConfigError: no stock in the sales, too few past seasons, or rules that only a forecast could judge.
        InfeasibleError: the rules leave no prices. NotFoundError: the exact checker refuses what was found.
    """
    settings, rules = config.markdown, markdown_rules(config)
    every, begun = seasons_of(tables.sales, periods, settings.periods)
    past = every.rows((begun >= settings.periods) & (every.stock > 0))
    if len(past) < LEAST_SEASONS:
        raise ConfigError(
            f"task=markdown learns from past seasons, and only {len(past)} series have sales from markdown.periods="
            f"{settings.periods} or more periods ago with a stock at their start (at least {LEAST_SEASONS} are "
            "needed). Give a longer history, or a lower markdown.periods."
        )
    offers = tables.offers.reset_index(drop=True)
    length = season_lengths(config, offers)
    prior = fit_prior(past)
    running, week = running_seasons(offers, every, begun)
    held = why_held(offers, running, week, length)
    belief = believe(prior, running)
    prices = ladders(config, offers, running.first_price)
    outlook = outlook_of(
        belief,
        periods=settings.periods,
        week=week,
        length=length,
        stock=np.where(held == "", offers["stock"], 0.0),
        ratio=prices / running.first_price[:, None],
        worth=net_price(prices, config.data.tax_rate, config.data.fee_rate),
        left_over=settings.salvage * running.first_price,
    )
    units = _expected(belief, outlook)
    choice = _choice(config, offers, rules, held, prices, units)
    values, chosen, course, penalty = _decided(config, outlook, belief, choice, running)
    first, stock = running.first_price, running.stock
    found = Markdown(offers, held, first, stock, week, length, prices, units, values, chosen, course, prior, penalty)
    _refuse_breaches(config, found)
    return found


def markdown_rules(config: Config) -> tuple[Rule, ...]:
    """The configured rules. Raises ConfigError where one is soft or depends on demand."""
    rules = build_rules(business_rules(config))
    wrong = [rule.name for rule in rules if not rule.hard or not isinstance(rule, DEMAND_FREE)]
    if wrong:
        raise ConfigError(
            f"task=markdown keeps hard rules that prices alone keep or break; {', '.join(wrong)} is not one of them. "
            "Leave it out of rules.file, or use rules=none."
        )
    return rules


def outlook_of(
    belief: Belief,
    *,
    periods: int,
    week: np.ndarray,
    length: np.ndarray,
    stock: np.ndarray,
    ratio: np.ndarray,
    worth: np.ndarray,
    left_over: np.ndarray,
) -> Outlook:
    """What offers [N] face under a belief, `week` of their `length` periods being over, both at most `periods`.

    stock, left_over [N]; ratio [N, K] prices over the first one, worth [N, K] money a unit sold at each leaves.
    """
    period = week[:, None] + np.arange(periods)
    return as_outlook(
        shape=belief.shape,
        mean=np.maximum(belief.mean, LEAST_POPULARITY),
        pace=np.where((period < length[:, None])[:, None], belief.decay[..., None] ** period[:, None], 0.0),
        elasticity=belief.elasticity,
        stock=stock,
        prices=ratio,
        worth=worth,
        left_over=left_over,
        dispersion=belief.dispersion,
    )


def _choice(
    config: Config,
    offers: pd.DataFrame,
    rules: tuple[Rule, ...],
    held: np.ndarray,
    prices: np.ndarray,
    units: np.ndarray,
) -> Choice:
    money = Money(config.data.decimals, config.data.tax_rate, config.data.fee_rate)
    situation = situation_of(offers, rules, held == "", SCOPE, money, units)
    parts = {name: getattr(situation, name) for name in ("offers", "rules", "priced", "money", "units")}
    return Choice(**parts, prices=money.minor(prices))


def _decided(
    config: Config, outlook: Outlook, belief: Belief, choice: Choice, running: Seasons
) -> tuple[np.ndarray, np.ndarray, Course, np.ndarray]:
    """Values [N, K] (without the penalty), numbers of the prices [N], the course, and the penalty of a unit left [N]:
    the least of PENALTIES at which the sell-through is expected, or the last."""
    target, values = config.markdown.sell_through, expected_money(belief, outlook)
    penalty, missed = np.zeros(len(values)), np.ones(len(values), bool)
    for share in PENALTIES:
        penalty = np.where(missed, share * running.first_price, penalty)
        asked = outlook._replace(left_over=outlook.left_over - penalty.astype(np.float32))
        chosen = choose(choice, expected_money(belief, asked) if penalty.any() else values)
        course = follow(asked, belief.weights, chosen, seed=config.seed)
        left = course.left[..., -1].mean(axis=1)
        missed = choice.priced & (left > (1 - target) * running.stock if target is not None else False)
        if not missed.any():
            break
    money = course.money + course.left[..., -1] * penalty[:, None]
    return values, chosen, course._replace(money=money), penalty


def _expected(belief: Belief, outlook: Outlook) -> np.ndarray:
    """[N] units of the next period that the current prices would sell if the stock lasted."""
    effect = np.asarray(outlook.prices)[:, :1] ** -belief.elasticity
    return (belief.weights * belief.mean * np.asarray(outlook.pace)[..., 0] * effect).sum(axis=1).round(6)


def expected_money(belief: Belief, outlook: Outlook) -> np.ndarray:
    """[N, K] values over the belief's cells."""
    return np.einsum("nc,nck->nk", belief.weights, np.asarray(price_values(outlook), np.float64))


def _refuse_breaches(config: Config, found: Markdown) -> None:
    """Raises NotFoundError where the exact checker finds a rule broken."""
    table = found.offers[KEYS].assign(
        price=found.price,
        units=found.units_current,
        units_current=found.units_current,
        status=np.where(found.held == "", "priced", "held"),
    )
    breaches = check_answer(config, found.offers, table, business_rules(config), scope=SCOPE)
    hard = [breach.text for breach in breaches if not breach.held and not breach.soft]
    if hard:
        raise NotFoundError("The prices found do not pass the exact check: " + "; ".join(hard[:3]))
