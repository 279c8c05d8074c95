"""Names of the anchor's heads, their equations and priors; numbers in standard deviations <-> parameters.

Every head has parameters that are shared (by all products of a block), a row of them per product, and an intercept
per store and product. All are kept as numbers u with prior N(0, 1). Columns of a product's row: dev of the own
effect, 4 seasonal terms, a lift per driver (promotions, competitor prices, treatments, controls) and, where the head
has cross effects, one for each rival (or one for all: the price index). Not for fitting.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ensemble.anchor import attraction, separable
from ensemble.anchor.control import CONTROLS
from ensemble.anchor.layout import SEASON_TERMS
from ensemble.anchor.treatments import PANTRY, TREATMENTS, TYPICAL_OWN

INTERCEPT_SD = 3.0
DEV_SD, SEASON_SD, CROSS_SD = 0.3, 0.25, 0.3
LIFT_SD, COMPETITOR_SD, TREATMENT_SD, CONTROL_SD = 0.12, 0.2, 0.2, 0.15
COMPETITOR_PRIOR = (0.2, 0.4)  # by how many per cent sales rise where the competitor is 1 % dearer
LIFT_PRIOR, TREATMENT_PRIOR, CONTROL_PRIOR = (0.1, 0.25), (0.0, 2.0), (0.0, 2.0)  # treatments: of their relevance
CLASSES = 3
DECLARED_SD = 0.1  # of the log odds of buying nothing, where they are declared


class Block(NamedTuple):
    """The parts of Sets that equations need, of one block."""

    group: jax.Array
    same: jax.Array
    rivals: jax.Array
    dearness: jax.Array


class Head(NamedTuple):
    """A head's equations and priors.

    Attributes:
        separable: a product's units depend on no other product's row.
        priors: shared parameter -> (means, sd); an array where there are several, `groups` times for "taste".
        structure: (shared, dev [J], cross [J, n], block) -> arrays that log_units needs.
        log_units: (structure, block, log_level, z, V) -> log units; V in utility or log units.
        starts: of the fit, for posteriors with several modes.
        asked: log_units at prices that are asked, where history need not have seen them; None = the same.
        constants: (structure, block, log_level) -> arrays of log_units that no price changes, dear to find; a structure
            that holds them is not asked for them again.
    """

    separable: bool
    priors: dict[str, tuple]
    structure: Callable
    log_units: Callable
    starts: int = 1
    asked: Callable | None = None
    constants: Callable | None = None


OWN = {"own": (log(TYPICAL_OWN), 0.4), "dearness": (0.2, 0.3), "remembered": TREATMENT_PRIOR}
CROSS = {"inside": (log(0.07), 0.7), "outside_group": (log(0.01), 1.0)}
OUTSIDE = {"outside": (0.0, 1.2), "extra": (0.0, 0.3)}  # extra: where shoppers stockpile, see linearise

HEADS = {
    "elasticity": Head(
        True,
        OWN | CROSS | {"bend": (0.7, 0.8)},
        separable.structure,
        separable.elasticity_units,
        asked=separable.diverted_units,
    ),
    "linear": Head(True, OWN | CROSS, separable.structure, separable.linear_units),
    "nested": Head(
        False,
        OWN | OUTSIDE | {"bend": (1.0, 0.4), "nest": (0.0, 1.2)},
        attraction.nested_structure,
        attraction.nested_units,
    ),
    "classes": Head(
        False,
        OWN
        | OUTSIDE
        | {
            "bend": (1.0, 0.4),
            "nest": (-2.0, 1.2),
            "dearness": (0.6, 0.4),
            "sorting": (1.0, 0.4),
            "spread": ((-0.65, 0.0, 0.65), 0.4),
            "chance": ((0.0,) * CLASSES, 0.7),
            "taste": ((0.0,) * CLASSES, 1.3),
        },
        attraction.class_structure,
        attraction.class_units,
        starts=6,
        constants=attraction.class_utilities,
    ),
}


class Shape(NamedTuple):
    """A head's sizes in one table, hashable: head, products J, drivers (Q promotions, competitor prices, treatments
    and, last, the controls for prices that followed demand), groups G, cross columns n (0, 1 or J), declared share that
    buys nothing (None = learnt), how many drivers are competitor prices, whether shoppers stockpile."""

    head: str
    products: int
    drivers: int
    groups: int
    cross: int
    outside: float | None = None
    competitors: int = 0
    stockpiling: bool = False

    @property
    def columns(self) -> int:
        """Parameters in a product's row."""
        return 1 + SEASON_TERMS + self.drivers + self.cross

    def shared(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Name, means and sds of each shared parameter, the lifts last."""
        found = []
        for name, (mean, sd) in HEADS[self.head].priors.items():
            if name == "extra" and not self.stockpiling:
                continue
            if name == "outside" and self.outside is not None:
                mean, sd = log(self.outside / (1 - self.outside)), DECLARED_SD
            means = np.repeat(mean, self.groups) if name == "taste" else np.atleast_1d(mean)
            found.append((name, means, np.full(len(means), sd)))
        priors = (LIFT_PRIOR, COMPETITOR_PRIOR, TREATMENT_PRIOR, CONTROL_PRIOR)
        kinds = zip(priors, drivers_by_kind(self), strict=True)
        means, sds = np.array([prior for prior, count in kinds for _ in range(count)]).T
        return [*found, ("lift", means, sds)]

    @property
    def shared_count(self) -> int:
        """Shared parameters."""
        return sum(len(means) for _, means, _ in self.shared())


class Theta(NamedTuple):
    """Standardised parameters of one block: shared [n], rows [J, columns], intercept [M, J]."""

    shared: jax.Array
    rows: jax.Array
    intercept: jax.Array


def head_shape(
    name: str,
    products: int,
    drivers: int,
    groups: int,
    full_cross: int,
    outside: float | None = None,
    competitors: int = 0,
    stockpiling: bool = False,
) -> Shape:
    """Sizes of the named head; see Shape."""
    cross = (products if products <= full_cross else 1) if HEADS[name].separable else 0
    return Shape(name, products, drivers, groups, cross, outside, competitors, stockpiling)


def drivers_by_kind(shape: Shape) -> tuple[int, int, int, int]:
    """How many of the drivers are promotions, competitor prices, treatments and controls."""
    others = (shape.competitors, len(TREATMENTS), CONTROLS)
    return shape.drivers - sum(others), *others


def pantry_driver(shape: Shape) -> int:
    """Which of the drivers says how empty pantries are."""
    promotions, competitors, _, _ = drivers_by_kind(shape)
    return promotions + competitors + PANTRY


def row_scales(shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """[columns] prior sd, and the number of the prior scale that each column belongs to."""
    counts = (1, SEASON_TERMS, *drivers_by_kind(shape), shape.cross)
    sds = (DEV_SD, SEASON_SD, LIFT_SD, COMPETITOR_SD, TREATMENT_SD, CONTROL_SD, CROSS_SD)
    return np.repeat(sds, counts), np.repeat(np.arange(len(counts)), counts)


def shared_values(shape: Shape, numbers: jax.Array) -> dict:
    """Shared parameters by name from their standardised numbers [n]; single ones as scalars."""
    found, start = {}, 0
    for name, means, sd in shape.shared():
        values = jnp.asarray(means, jnp.float32) + jnp.asarray(sd, jnp.float32) * numbers[start : start + len(means)]
        found[name] = values if len(means) > 1 or name in ("lift", "taste") else values[0]
        start += len(means)
    return found


def split_rows(shape: Shape, rows: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """dev [J], moves [J, 4 + Q] (season, lifts), cross [J, n] from rows in natural units."""
    moves_end = 1 + SEASON_TERMS + shape.drivers
    return rows[:, 0], rows[:, 1:moves_end], rows[:, moves_end:]


def demand_shift(shared: dict, moves: jax.Array, season: jax.Array, drivers: jax.Array) -> jax.Array:
    """V [..., J] of season [..., 4] and drivers [..., J, Q], without intercepts."""
    lifts = shared["lift"] + moves[:, SEASON_TERMS:]
    return season @ moves[:, :SEASON_TERMS].T + jnp.einsum("...jq,jq->...j", drivers, lifts)
