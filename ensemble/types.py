"""What models are made of and what training leaves. Axes: K members, S series, T periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data_io.features import FeatureSpec, Inputs
from data_io.history import History
from ensemble.aggregate import Aggregation
from ensemble.anchor.anchor import Anchor
from ensemble.losses import PERCENTAGE_LOSSES


class Sizes(NamedTuple):
    """Widths that a member is built with, all known before training."""

    attributes: int
    categories: tuple[int, ...]
    calendar: int
    summaries: int
    dynamic: int
    promotions: int
    products: int
    groups: int
    width: int
    depth: int
    embedding: int


@dataclass(frozen=True)
class Group:
    """Members of one body and one head, their parameters stacked.

    Attributes:
        body, head, loss: names in the registries.
        prices: whether the search may ask it.
        parameters: flax state whose every leaf begins with the axis K.
    """

    body: str
    head: str
    loss: str
    prices: bool
    parameters: Any

    @property
    def members(self) -> int:
        import jax

        return len(jax.tree.leaves(self.parameters)[0])


def shares(weights: np.ndarray, members: int) -> np.ndarray:
    """[H] whole numbers that sum to `members` in proportion to `weights` [H], largest remainders first."""
    exact = members * weights / weights.sum()
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: members - counts.sum()]] += 1
    return counts


def group_numbers(groups: tuple[Group, ...]) -> tuple[int, ...]:
    """[K] the group of each member, members in the order of their groups."""
    return tuple(number for number, group in enumerate(groups) for _ in range(group.members))


def pricing(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups that the search may ask. Forecasts of least percentage error lie below the mean: they never price."""
    return tuple(group for group in groups if may_price(group.prices, group.loss))


def of_one_kind(groups: tuple[Group, ...]) -> dict[str, np.ndarray]:
    """Name -> [K] bool: the members of each group, and of each body and each head among the units' forecasters where
    there are several."""
    forecasting = forecasts_units(groups)
    members = [group for group in groups for _ in range(group.members)]
    kinds = {name: [name == own for own in member_names(groups)] for name in member_names(groups)}
    for field in ("body", "head"):
        own = np.array([getattr(group, field) for group in members])
        several = dict.fromkeys(own[forecasting])
        kinds |= {name: forecasting & (own == name) for name in several if len(several) > 1}
    return {name: np.array(chosen) for name, chosen in kinds.items()}


def may_price_members(groups: tuple[Group, ...]) -> np.ndarray:
    """[K] bool, the members of `pricing`."""
    return np.repeat([may_price(group.prices, group.loss) for group in groups], [group.members for group in groups])


def may_price(prices: bool, loss: str) -> bool:
    """Whether a group with these settings may price."""
    return prices and loss not in PERCENTAGE_LOSSES


def unit_forecasters(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups whose forecasts are of the mean; all where every group learns a percentage loss."""
    found = tuple(group for group in groups if group.loss not in PERCENTAGE_LOSSES)
    return found or groups


def forecasts_units(groups: tuple[Group, ...]) -> np.ndarray:
    """[K] bool, the members whose forecasts are of the mean; all where every group learns a percentage loss."""
    relative = forecasts_percentages(groups)
    return np.ones_like(relative) if relative.all() else ~relative


def forecasts_percentages(groups: tuple[Group, ...]) -> np.ndarray:
    """[K] bool, the members that learn a percentage loss."""
    return np.repeat([group.loss in PERCENTAGE_LOSSES for group in groups], [group.members for group in groups])


def member_names(groups: tuple[Group, ...]) -> list[str]:
    """[K] body and head of each member, and its loss where members learn different ones, for tables."""
    several = len({group.loss for group in groups}) > 1
    names = [f"{group.body}-{group.head}" + f"-{group.loss}" * several for group in groups]
    return [names[number] for number in group_numbers(groups)]


@dataclass(frozen=True)
class Ensemble:
    """A trained ensemble and all it needs to answer without its training data.

    Attributes:
        groups: members by body and head.
        sizes: what the members were built with.
        spec: fitted features.
        inputs: arrays of the last `window` periods of history and of the horizon that follows, for later questions.
        series: [S] rows, as SalesPanel.series.
        periods: dates of the horizon.
        frequency: ``day``, ``week`` or ``month``.
        promotion_names: names of Q.
        aggregation: how the members that forecast units become one forecast.
        pricing: how the members that price become one demand.
        window: periods of history at the beginning of `inputs`, which bodies that read it need.
        dispersion: [S] extra variance φ of the demand noise, Var = μ + φ μ² in units, with which intervals cover.
        halves: per half of the time blocks, the groups trained on it alone (for the promise); may be empty.
        common_noise: the share of φ that the series of one period have in common.
        percentage_ratio: [S] what the forecast of least absolute percentage error is multiplied by (see measure).
        history: what is last known of every series.
        verdicts: per product, see ensemble.response.verdicts.
        anchor: the price response, where it is not the networks' own.
        anchor_halves: per half of the time blocks, the anchor fitted to it alone (for the promise).
        search_draws: K of the demand that the anchor answers.
        anchor_share: of the anchor in forecasts and levels; the rest is the networks'.
    """

    groups: tuple[Group, ...]
    sizes: Sizes
    spec: FeatureSpec
    inputs: Inputs
    series: pd.DataFrame
    periods: pd.DatetimeIndex
    frequency: str
    promotion_names: tuple[str, ...]
    aggregation: Aggregation
    pricing: Aggregation
    window: int
    dispersion: np.ndarray
    percentage_ratio: np.ndarray
    history: History
    verdicts: pd.DataFrame
    halves: tuple[tuple[Group, ...], ...] = ()
    anchor: Anchor | None = None
    anchor_halves: tuple[Anchor, ...] = ()
    search_draws: int = 24
    anchor_share: float = 0.0
    common_noise: float = 0.0
