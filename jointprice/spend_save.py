"""Which threshold and which saving of a "spend X, save Y", learnt from baskets of periods with such a deal and without.

Not for what shoppers do (ensemble.stretch), nor for tables of results. Axes: K draws, L deals to choose from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.baskets import Baskets
from data_io.errors import ConfigError
from ensemble.stretch import Deal, Effect, Observed, Stretch, effect, fit_stretch
from jointprice.promise import Promise, promised
from jointprice.schema import Config, PastDeal, SpendSaveSettings
from search.objective import net_price

DRAWS = 32
LEAST_PERIODS = 4  # without a deal, and of all deals together half as many
LEAST_BASKETS = 500  # with deals, and without
BEYOND = 1.25  # times the thresholds and the shares saved in the past: further is unknown
LADDER = 8  # thresholds to choose from, where none are given


@dataclass(frozen=True)
class SpendSave:
    """What was decided.

    Attributes:
        deals: L, row by row of `gain`; effects: of each. gain: [K, L] money that a deal brings per period over none.
        given: [K, L] of it what is given away, net. known: [L] whether the past tells of such deals.
        chosen: its number, None = no deal pays. promise: of the chosen one; None where the past has no two halves.
        margin: what of a unit spent is left.
    """

    deals: list[Deal]
    effects: list[Effect]
    gain: np.ndarray
    given: np.ndarray
    known: np.ndarray
    chosen: int | None
    promise: Promise | None
    margin: float


class Worth(NamedTuple):
    """What the deals do and are worth as one fit sees it: effects [L]; gain and given [K, L] as in SpendSave."""

    effects: list[Effect]
    gain: np.ndarray
    given: np.ndarray


def choose_deal(config: Config, baskets: Baskets) -> SpendSave:
    """The deal of the next periods with the largest gain, mean less objective.risk × sd, or none.

    Raises:
        ConfigError: no past deal is declared, or too few baskets tell of one.
    """
    observed = observe(baskets, config.spend_save.past)
    deals = _to_choose_from(config.spend_save, observed.deals, config.data.decimals)
    known = np.array([_known(deal, observed.deals) for deal in deals])
    if not known.any():
        raise ConfigError(
            "spend_save.spends and spend_save.saves have no deal near a past one (thresholds and shares saved within a "
            f"factor of {BEYOND:g}): what it would do is not known. Choose others, or leave spend_save.spends empty."
        )

    def worth(seen: Observed, draws: int) -> Worth:
        return _worth(config, baskets.margin, deals, fit_stretch(seen, draws=draws, seed=config.seed))

    def best(gain: np.ndarray) -> int | None:
        value = np.where(known, gain.mean(0) - config.objective.risk * gain.std(0), -np.inf)
        return int(value.argmax()) if value.max() > 0 else None

    whole = worth(observed, DRAWS)
    chosen, promise = best(whole.gain), None
    halves = [worth(half, DRAWS // 2).gain for half in _halves(observed)]
    if halves:
        picked = (*(best(half) for half in halves), chosen)
        judged = [[_gain_of(half, one).mean() for one in picked] for half in halves]
        promise = promised(_gain_of(whole.gain, chosen), np.array(judged))
    return SpendSave(deals, *whole, known, chosen, promise, baskets.margin)


def observe(baskets: Baskets, past: Sequence[PastDeal]) -> Observed:
    """The baskets by period and past deal; periods that a deal filled only in part are left out. Raises ConfigError."""
    if not past:
        raise ConfigError(
            'spend_save.past is empty: what "spend X, save Y" does is learnt from periods that had such a deal. Name '
            "them, as in spend_save.past=[{first: 2024-03-04, last: 2024-03-17, spend: 50, save: 5}]."
        )
    days = [(_day(one, "first"), _day(one, "last")) for one in past]
    for one, (first, last) in zip(past, days, strict=True):
        if not first <= last or not 0 < one.save < one.spend:
            raise ConfigError(f"spend_save.past: {one} needs first <= last and 0 < save < spend.")
    frame = baskets.frame
    deals = list(dict.fromkeys(Deal(one.spend, one.save) for one in past))
    number = np.full(len(frame), -1)
    for one, (first, last) in zip(past, days, strict=True):
        number[(frame["date"].dt.normalize().between(first, last)).to_numpy()] = deals.index(Deal(one.spend, one.save))
    groups = frame.assign(deal=number).groupby("period", sort=True)
    pure = {period: rows for period, rows in groups if rows["deal"].nunique() == 1}
    ran = np.array([rows["deal"].iloc[0] for rows in pure.values()], int)
    spends = [rows["spend"].to_numpy(np.float64) for rows in pure.values()]
    _refuse_few(np.array([len(spend) for spend in spends]), ran, baskets.frequency)
    told = sorted(set(ran[ran >= 0]))
    return Observed(spends, np.where(ran < 0, -1, np.searchsorted(told, ran)), [deals[one] for one in told])


def _refuse_few(size: np.ndarray, ran: np.ndarray, frequency: str) -> None:
    """Baskets [W] of each period and the deal it had; Raises ConfigError."""
    kinds = (
        ("without a deal", ran < 0, LEAST_PERIODS),
        ("with a deal of spend_save.past", ran >= 0, LEAST_PERIODS // 2),
    )
    for what, rows, least in kinds:
        if rows.sum() < least or size[rows].sum() < LEAST_BASKETS:
            raise ConfigError(
                f"task=spend_save needs {least} {frequency}s {what} and {LEAST_BASKETS} baskets in them; in "
                f"data.baskets {rows.sum()} {frequency}s are so from first to last day, with {size[rows].sum()} "
                "baskets. Give a longer history, check spend_save.past, or choose a shorter data.frequency."
            )


def _day(past: PastDeal, name: str) -> pd.Timestamp:
    try:
        return pd.Timestamp(getattr(past, name))
    except ValueError:
        raise ConfigError(
            f"spend_save.past: {name}={getattr(past, name)!r} is not a date such as 2024-03-04."
        ) from None


def _to_choose_from(settings: SpendSaveSettings, past: list[Deal], decimals: int) -> list[Deal]:
    spends = settings.spends or [
        float(f"{spend:.2g}")
        for spend in np.geomspace(
            min(deal.spend for deal in past) / BEYOND, max(deal.spend for deal in past) * BEYOND, LADDER
        )
    ]
    return [Deal(spend, round(spend * share, decimals)) for spend in spends for share in settings.saves]


def _known(deal: Deal, past: list[Deal]) -> bool:
    """Whether threshold and share saved lie near those of past deals."""

    def near(value: float, others: list[float]) -> bool:
        return min(others) / BEYOND * (1 - 1e-9) <= value <= max(others) * BEYOND * (1 + 1e-9)

    return near(deal.spend, [one.spend for one in past]) and near(
        deal.save / deal.spend, [one.save / one.spend for one in past]
    )


def _worth(config: Config, margin: float, deals: list[Deal], stretch: Stretch) -> Worth:
    """In money per period: the margin of what is added, less what is saved by all who reach the threshold."""
    effects = [effect(stretch, deal) for deal in deals]
    net = float(net_price(1.0, config.data.tax_rate, config.data.fee_rate))
    given = [
        one.baskets * (one.already + one.stretched) * deal.save * net for one, deal in zip(effects, deals, strict=True)
    ]
    added = [one.baskets * one.added * margin for one in effects]
    return Worth(effects, np.transpose(added) - np.transpose(given) - config.spend_save.cost, np.transpose(given))


def _gain_of(gain: np.ndarray, chosen: int | None) -> np.ndarray:
    """[K] of the chosen deal; no deal brings nothing."""
    return np.zeros(len(gain)) if chosen is None else gain[:, chosen]


def _halves(observed: Observed) -> list[Observed]:
    """Every second period with each deal and without; none where a deal had one period alone."""
    order = np.zeros(len(observed.deal), int)
    for number in np.unique(observed.deal):
        rows = np.flatnonzero(observed.deal == number)
        if len(rows) < 2:
            return []
        order[rows] = np.arange(len(rows)) % 2
    return [observed.only(np.flatnonzero(order == half)) for half in (0, 1)]
