"""What models are made of and what training leaves. Axes: K members, S series, T periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data_io.features import FeatureSpec, Inputs
from data_io.history import History
from ensemble.aggregate import Aggregation


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
        body, head: names in the registries.
        parameters: flax state whose every leaf begins with the axis K.
    """

    body: str
    head: str
    parameters: Any

    @property
    def members(self) -> int:
        import jax

        return len(jax.tree.leaves(self.parameters)[0])


def group_numbers(groups: tuple[Group, ...]) -> tuple[int, ...]:
    """[K] the group of each member, members in the order of their groups."""
    return tuple(number for number, group in enumerate(groups) for _ in range(group.members))


def member_names(groups: tuple[Group, ...]) -> list[str]:
    """[K] body and head of each member, for tables."""
    return [f"{groups[number].body}-{groups[number].head}" for number in group_numbers(groups)]


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
        aggregation: how members become one forecast.
        window: periods of history at the beginning of `inputs`, which bodies that read it need.
        dispersion: [S] extra variance φ of the demand noise, Var = μ + φ μ² (scaled units).
        halves: per half of the time blocks, the groups trained on it alone (for the promise); may be empty.
        percentage_ratio: [S] forecast of least absolute percentage error over the mean.
        history: what is last known of every series.
        verdicts: per product, see ensemble.response.verdicts.
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
    window: int
    dispersion: np.ndarray
    percentage_ratio: np.ndarray
    history: History
    verdicts: pd.DataFrame
    halves: tuple[tuple[Group, ...], ...] = ()
