"""Candidates that change fewer prices: the changes worth most stay, the others go back to the current price.

For the rules max_changes and all_or_nothing, which have no slope to climb. Axes: P candidates, D decisions, I items
(decisions that move together, see together), G groups of all rules max_changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data_io.errors import InfeasibleError
from search.evaluate import Evaluator
from search.money import Money
from search.polish import evaluated
from search.rules.max_changes import MaxChanges
from search.together import Together, make_together
from search.types import PricingProblem

NOISE = 0.5  # of the spread of worths, where variety is wanted


@dataclass(frozen=True)
class Sparing:
    """How much every change counts.

    Attributes:
        rest: [D] int32, the rung that changes the fewest offers: the current price wherever the decision has one.
        counts: [I, G] offers that change in addition where an item is not at rest.
        together: the items.
        room: [G] offers that may change beyond those that change at rest (negative: no answer keeps the rule).
    """

    rest: np.ndarray
    counts: np.ndarray
    room: np.ndarray
    together: Together

    def repair(self, rungs: np.ndarray, worth: np.ndarray, threshold: np.ndarray | float = 0.5) -> np.ndarray:
        """Candidates [P, D] that keep the changes of greatest worth ([D] or [P, D]) for which there is room; of tied
        decisions all move where more than `threshold` of them do."""
        rungs = self.together.completed(rungs, threshold)
        moved = self.together.any_of(rungs != self.rest)
        rows = np.flatnonzero((moved @ self.counts > self.room).any(axis=1))
        if not len(rows):
            return rungs
        key = np.where(moved[rows], self.together.total(np.broadcast_to(worth, rungs.shape)[rows]), -np.inf)
        used, kept = np.zeros((len(rows), len(self.room))), np.zeros(key.shape, bool)
        every = np.arange(len(rows))
        for item in np.argsort(-key, axis=1, kind="stable").T:
            counts = self.counts[item]
            stays = moved[rows, item] & ((used + counts <= self.room) | (counts == 0)).all(axis=1)
            used += counts * stays[:, None]
            kept[every, item] = stays
        spared = rungs.copy()
        spared[rows] = np.where(kept[:, self.together.item], rungs[rows], self.rest)
        return spared

    def varied(self, rungs: np.ndarray, worth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """As repair, each candidate [P, D] by its own noisy opinion of the worths [D] and of tied decisions."""
        noise = generator.standard_normal(rungs.shape)
        threshold = generator.random((len(rungs), len(self.counts))) if self.together.tied.any() else 0.5
        return self.repair(rungs, worth + NOISE * max(float(np.std(worth)), 1e-12) * noise, threshold)


def make_sparing(problem: PricingProblem) -> Sparing | None:
    """None where no hard rule limits the number of changes or ties them.

    Raises:
        InfeasibleError: more offers cannot keep their price than may change, or see make_together.
    """
    rules = [rule for rule in problem.kept if isinstance(rule, MaxChanges) and rule.hard]
    together = make_together(problem)
    if not rules and not together.tied.any():
        return None
    money = Money(problem.decimals)
    current, ladder = money.minor(problem.current), money.minor(problem.ladder)
    priced = np.flatnonzero(problem.decision >= 0)
    same = np.zeros(problem.ladder.shape, np.int64)  # offers that stay, per rung
    np.add.at(same, problem.decision[priced], ladder[problem.decision[priced]] == current[priced, None])
    same[np.arange(ladder.shape[1]) >= problem.rungs[:, None]] = -1
    distance = np.abs(np.arange(ladder.shape[1]) - problem.start[:, None])
    rest = np.lexsort((distance, -same), axis=1)[:, 0].astype(np.int32)
    tied = together.tied[together.item]
    forced = together.moving[np.arange(len(rest)), problem.start]
    rest = np.where(tied, np.where(together.can_rest[together.item], together.still, forced), rest)
    at_rest = ladder[problem.decision[priced], rest[problem.decision[priced]]] != current[priced]
    counts, room = [], []
    for rule in rules:
        group = rule.groups(problem.offers)
        for number in np.unique(group[priced][group[priced] >= 0]):
            inside = group[priced] == number
            most = rule.most(int((group == number).sum()))
            _refuse_impossible(rule, most, problem, current, ladder, priced[inside])
            stays = inside & ~at_rest
            counts.append(np.bincount(together.item[problem.decision[priced][stays]], minlength=len(together.tied)))
            room.append(most - int((inside & at_rest).sum()))
    if not room and not together.tied.any():
        return None
    counts = np.array(counts, np.float64).reshape(len(room), -1).T if room else np.zeros((len(together.tied), 0))
    return Sparing(rest, counts, np.array(room, np.float64), together)


def _refuse_impossible(
    rule: MaxChanges, most: int, problem: PricingProblem, current: np.ndarray, ladder: np.ndarray, rows: np.ndarray
) -> None:
    """rows [n]: priced offers of one group."""
    forced = 0
    for decision in np.unique(problem.decision[rows]):
        prices = current[rows[problem.decision[rows] == decision]]
        forced += len(prices) - int((ladder[decision][:, None] == prices).sum(axis=1).max())
    if forced > most:
        raise InfeasibleError(
            f"rule {rule.name}: {forced} of {len(rows)} offers cannot keep their price, and only {most} may change: "
            "other rules refuse the current price, or offers that share one price have several now. Raise the limit, "
            "relax the other rules, or give every offer its own price with search.scope=store_product."
        )


def worths(
    evaluator: Evaluator, kept: np.ndarray, wished: np.ndarray, sparing: Sparing, population: int, take: Callable
) -> np.ndarray:
    """[D] what each change is worth beside the others in `kept` [D]: what is lost without it, and for decisions at
    rest what is gained by moving them to `wished` [D]; tied decisions each have a part of their item's. Money."""
    rest, together = sparing.rest, sparing.together
    items = len(together.tied)
    moved = together.any_of(kept != rest)
    value = evaluated(evaluator, kept[None], population, take)[0][0]
    other = np.where(moved[together.item], rest, wished)
    changed = []
    for begin in range(0, items, population):
        some = np.arange(begin, min(begin + population, items))
        trials = np.where(together.item == some[:, None], other, kept)
        changed.append(evaluated(evaluator, trials, population, take)[0])
    difference = np.nan_to_num(np.concatenate(changed) - value, posinf=0.0, neginf=-evaluator.scale)
    worth = np.where(moved, -difference, difference) / together.size
    return worth[together.item]
