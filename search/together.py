"""Decisions that all move or all rest, for the rule all_or_nothing, which has no slope to climb.

Axes: P candidates, D decisions, L rungs, I items: the decisions that some groups tie together, each other one alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from data_io.errors import InfeasibleError
from search.money import Money
from search.problem import components
from search.rules.all_or_nothing import AllOrNothing
from search.types import PricingProblem


@dataclass(frozen=True)
class Together:
    """What ties decisions.

    Attributes:
        item: [D] int64, numbers 0 … I - 1.
        tied: [I] bool, items of a group; the others are free.
        still: [D] int32, a rung that changes none of the tied offers.
        moving: [D, L] int32, the nearest rung that changes all of them (itself where it does).
        can_rest, can_move: [I] bool.
    """

    item: np.ndarray
    tied: np.ndarray
    still: np.ndarray
    moving: np.ndarray
    can_rest: np.ndarray
    can_move: np.ndarray

    def any_of(self, flags: np.ndarray) -> np.ndarray:
        """[..., D] bool -> [..., I] whether any of an item's decisions."""
        return self.total(flags) > 0

    def total(self, values: np.ndarray) -> np.ndarray:
        """[..., D] -> [..., I] sums over each item's decisions."""
        order, begins = self._by_item
        return np.add.reduceat(np.asarray(values, np.float64)[..., order], begins, axis=-1)

    @cached_property
    def size(self) -> np.ndarray:
        """[I] decisions of each item."""
        return np.bincount(self.item)

    @cached_property
    def _by_item(self) -> tuple[np.ndarray, np.ndarray]:
        """Decisions sorted by item, and where each item begins."""
        return np.argsort(self.item, kind="stable"), np.cumsum(self.size) - self.size

    def completed(self, rungs: np.ndarray, threshold: np.ndarray | float = 0.5) -> np.ndarray:
        """Candidates [P, D] of which a tied item moves where more than `threshold` ([P, I] or number) of it does."""
        if not self.tied.any():
            return rungs
        moved = self.moving[np.arange(len(self.item)), rungs]
        share = self.total(moved == rungs) / self.size
        moving = ((share > threshold) & self.can_move) | ~self.can_rest
        target = np.where(moving[:, self.item], moved, self.still)
        return np.where(self.tied[self.item], target, rungs).astype(np.int32)


def make_together(problem: PricingProblem) -> Together:
    """Every decision alone where no hard rule ties any.

    Raises:
        InfeasibleError: in one group some offers must change and others cannot.
    """
    rules = [rule for rule in problem.kept if isinstance(rule, AllOrNothing) and rule.hard]
    decisions, width = problem.ladder.shape
    money, rungs = Money(problem.decimals), np.arange(width)
    current, ladder = money.minor(problem.current), money.minor(problem.ladder)
    real = rungs < problem.rungs[:, None]
    rests, moves = real.copy(), real.copy()
    priced, links, named = problem.decision >= 0, [problem.decision], {}
    for rule in rules:
        group = rule.groups(problem.offers)
        rows = np.flatnonzero((group >= 0) & priced)
        same = ladder[problem.decision[rows]] == current[rows, None]
        np.logical_and.at(rests, problem.decision[rows], same)
        np.logical_and.at(moves, problem.decision[rows], ~same)
        links.append(group)
        named |= {int(decision): (rule.name, row) for decision, row in zip(problem.decision[rows], rows, strict=True)}
    item = np.zeros(decisions, np.int64)
    item[problem.decision[priced]] = components(links, priced)[priced]
    tied = np.isin(np.arange(decisions), list(named))
    moving = np.zeros((decisions, width), np.int32)
    for decision in np.flatnonzero(tied & moves.any(1)):
        options = np.flatnonzero(moves[decision])
        moving[decision] = options[np.abs(rungs[:, None] - options).argmin(1)]
    found = Together(
        item=item,
        tied=np.bincount(item, tied) > 0,
        still=rests.argmax(1).astype(np.int32),
        moving=moving,
        can_rest=np.bincount(item, ~rests.any(1)) == 0,
        can_move=np.bincount(item, ~moves.any(1)) == 0,
    )
    _refuse_impossible(found, problem, rests.any(1), moves.any(1), named)
    return found


def _refuse_impossible(
    found: Together, problem: PricingProblem, rests: np.ndarray, moves: np.ndarray, named: dict[int, tuple[str, int]]
) -> None:
    """rests, moves [D]: whether the decision can; named: the rule that ties a decision, and one of its offers' rows."""
    for number in np.flatnonzero(found.tied & ~found.can_rest & ~found.can_move):
        members = np.flatnonzero(found.item == number)
        (rule, must), (_, cannot) = (named[int(members[~able[members]][0])] for able in (rests, moves))
        must, cannot = ("{} ({})".format(*problem.offers[["product", "store"]].iloc[row]) for row in (must, cannot))
        raise InfeasibleError(
            f"rule {rule}: in one group, {must} cannot keep its price and {cannot} cannot change it: other rules "
            "refuse the one's current price and leave the other no price but that, or offers that share one price "
            "have several now. Relax these rules, narrow the scope, or give every offer its own price with "
            "search.scope=store_product."
        )
