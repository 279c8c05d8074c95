"""Rules that cannot hold together: minimal sets and the least relaxation, against enumeration of all price vectors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from search.conflict.find import Diagnosis, find_conflicts
from search.conflict.pieces import progressions
from search.conflict.situation import Situation
from search.conflict.words import as_data, message
from search.money import Money
from search.rules.catalogue import build_rules

MONEY = Money(1)
PLANTED = 50


def situation_of(offers, specifications, held=()) -> Situation:
    priced = ~np.isin(np.arange(len(offers)), list(held))
    units = np.arange(1.0, len(offers) + 1)
    return Situation(offers, build_rules(specifications), priced, MONEY, units)


class Enumeration:
    """Every price vector of a small situation, and how much slack each rule would need at each: float64 formulas of
    its own, [N] per rule."""

    def __init__(self, situation: Situation, specifications):
        self.offers = situation.offers
        self.current = (10 * self.offers["current_price"]).round().to_numpy()
        ranges = [
            np.arange(low, high + 1) if priced else np.array([current])
            for (low, high), priced, current in zip(
                map(situation.reach, range(len(self.offers))), situation.priced, self.current, strict=True
            )
        ]
        self.prices = np.array(list(itertools.product(*ranges)), np.float64)
        self.priced, self.units = situation.priced, situation.units
        self.changed = (self.prices != self.current) & self.priced
        names = [rule.name for rule in situation.rules]
        self.slack = {name: self._slack(rule) for name, rule in zip(names, specifications, strict=True)}

    def feasible(self, names) -> bool:
        return bool(np.all([self.slack[name] <= 1e-9 for name in names] or [[True]], axis=0).any())

    def cheapest(self, hard=()) -> float:
        allowed = np.all([self.slack[name] <= 1e-9 for name in hard] or [np.ones(len(self.prices), bool)], axis=0)
        relaxed = [self.slack[name] for name in self.slack if name not in hard]
        return float(np.where(allowed, np.sum(relaxed, axis=0), np.inf).min())

    def _slack(self, rule) -> np.ndarray:
        inside = np.ones(len(self.offers), bool)
        if rule.get("scope"):
            inside = self.offers.eval(rule["scope"]).to_numpy()
        inside = inside & self.priced
        column = lambda name: 10 * self.offers[name].to_numpy(np.float64)  # noqa: E731
        changed = self.changed & inside
        counted = max(int(inside.sum()), 1)
        match rule["type"]:
            case "bounds":
                low, high = np.ceil(column("min_price") - 1e-9), np.floor(column("max_price") + 1e-9)
                return self._beyond(low, high, np.broadcast_to(inside, self.prices.shape))
            case "max_change":
                most = self.current * rule["percent"] / 100
                return self._beyond(np.ceil(self.current - most - 1e-9), np.floor(self.current + most + 1e-9), changed)
            case "unit_margin":
                low = np.ceil(column("cost") / (1 - rule["min"]) - 1e-9)
                return self._beyond(low, np.inf, np.broadcast_to(inside, self.prices.shape))
            case "ending":
                judged = inside if rule.get("every") else changed
                return (~np.isin(self.prices % 10, rule["cents"]) & judged).sum(1) / counted
            case "ladder":
                return (((self.prices - 10 * rule.get("from", 0)) % (10 * rule["step"]) > 1e-9) & changed).sum(
                    1
                ) / counted
            case "no_touch":
                return changed.sum(1) / counted
            case "max_changes":
                return np.maximum(self.changed.sum(1) - rule["count"], 0) / len(self.offers)
            case "all_or_nothing":
                moved, size = self.changed.sum(1), int(self.priced.sum())
                return np.minimum(moved, size - moved) / max(size, 1)
            case "price_index":
                index = self.prices @ self.units / (self.current @ self.units)
                return np.maximum(np.maximum(index - rule["max"], rule["min"] - index), 0.0)
            case "order":
                return self._order()
            case "same_price":
                if not self.priced.any():
                    return np.zeros(len(self.prices))
                some = self.prices[:, self.priced]
                most = (some[:, :, None] == some[:, None, :]).sum(1).max(1)
                return (some.shape[1] - most) / some.shape[1]

    def _beyond(self, low, high, judged) -> np.ndarray:
        over = np.maximum(np.maximum(low - self.prices, self.prices - high), 0.0) / self.current
        return np.where(judged, over, 0.0).max(1)

    def _order(self) -> np.ndarray:
        over, size = np.zeros(len(self.prices)), self.offers["size"].to_numpy()
        for low, high in itertools.permutations(range(len(size)), 2):
            if size[low] > size[high] and (self.priced[low] or self.priced[high]):
                scale = self.current[high] / size[high]
                gap = (self.prices[:, low] / size[low] - self.prices[:, high] / size[high]) / scale
                over = np.maximum(over, gap)
        return np.where(over < 1e-9, 0.0, over)


def planted(make_offers, seed: int):
    """A small table and rules of which some cannot hold together."""
    generator = np.random.default_rng(seed)
    while True:
        size = int(generator.integers(1, 4))
        current = generator.integers(12, 25, size) / 10
        offers = make_offers(current, size=generator.permutation(3)[:size] + 1.0)
        offers["cost"] = (current * generator.uniform(0.5, 1.1, size)).round(2)
        offers["min_price"] = (current * generator.uniform(0.6, 1.15, size)).round(2)
        offers["max_price"] = (offers["min_price"] * generator.uniform(1.0, 1.6, size)).round(2)
        pool = [
            {"type": "bounds"},
            {"type": "max_change", "percent": float(generator.integers(1, 30))},
            {"type": "unit_margin", "min": float(generator.integers(5, 45)) / 100},
            {"type": "ending", "cents": generator.choice(10, 2, replace=False).tolist(), "every": seed % 2 == 1},
            {"type": "ladder", "step": float(generator.choice([0.2, 0.3, 0.5]))},
            {"type": "no_touch", "scope": "product == 'p0'"},
            {"type": "max_changes", "count": int(generator.integers(0, size + 1))},
            {"type": "all_or_nothing"},
            {"type": "price_index", "min": 0.98, "max": 1.02},
            {"type": "order", "by": "size", "per": "unit"},
            {"type": "same_price", "by": "store"},
        ]
        chosen = sorted(generator.choice(len(pool), int(generator.integers(3, 8)), replace=False))
        specifications = [pool[number] for number in chosen]
        held = [0] if size > 1 and generator.random() < 0.3 else []
        situation = situation_of(offers, specifications, held)
        truth = Enumeration(situation, specifications)
        if not truth.feasible(truth.slack):
            return situation, specifications, truth


def at_place(situation: Situation, specifications, rows) -> Enumeration:
    """The offers of one place, and held ones, alone."""
    kept = np.sort([*rows, *np.flatnonzero(~situation.priced)])
    offers = situation.offers.iloc[kept].reset_index(drop=True)
    held = np.flatnonzero(~situation.priced[kept])
    return Enumeration(situation_of(offers, specifications, held), specifications)


@pytest.mark.parametrize("seed", range(PLANTED))
def test_a_planted_conflict_is_named_minimally_with_its_cheapest_way_out(make_offers, seed):
    situation, specifications, truth = planted(make_offers, seed)
    found = find_conflicts(situation)
    assert found.conflicts
    assert found.undecided == 0
    for conflict in found.conflicts:
        assert conflict.minimal
        for place in conflict.places:
            there = at_place(situation, specifications, place)
            assert not there.feasible(conflict.rules)
            for name in conflict.rules:
                assert there.feasible([other for other in conflict.rules if other != name])
    assert sum(found.cheapest.slack.values()) == pytest.approx(truth.cheapest(), rel=0.01, abs=1e-6)
    data = as_data(found, situation, specifications)
    assert all(rule["breaks"] for rule in data[0]["cheapest"]["rules"]), "the checker sees which rules give way"
    assert "cannot hold together" in message(data, found.undecided)


@pytest.mark.parametrize("seed", range(0, PLANTED, 5))
def test_a_rule_that_gives_way_alone_does_so_by_the_least_that_makes_room(make_offers, seed):
    situation, _, truth = planted(make_offers, seed)
    found = find_conflicts(situation)
    if len(found.conflicts) > 1 or len(found.conflicts[0].places[0]) < situation.priced.sum():
        return  # ways are of the places of one conflict; only then are these all offers
    names = [rule.name for rule in situation.judged]
    for name in names:
        exact = truth.cheapest(hard=[other for other in names if other != name])
        told = [way.slack[name] for way in found.conflicts[0].ways if name in way.slack]
        if name in found.conflicts[0].rules:
            assert (told or [np.inf])[0] == pytest.approx(exact, rel=0.01, abs=1e-6)


def test_rules_that_can_hold_together_are_no_conflict(make_offers):
    rules = [{"type": "bounds"}, {"type": "max_changes", "count": 1}]
    assert find_conflicts(situation_of(make_offers([2.0, 3.0, 4.0]), rules)) == Diagnosis()


def test_patterns_are_taken_apart_into_few_progressions():
    points = np.array([n for n in range(100, 1000) if n % 10 in (5, 9)])
    runs = progressions(points)
    assert len(runs) == 2
    prices = [first + step * k for first, step, count in runs for k in range(count)]
    assert sorted(prices) == points.tolist()
    assert len(progressions(np.arange(5, 500))) == 1
