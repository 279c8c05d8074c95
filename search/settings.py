"""Settings of the objective, the rules and the optimisers. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ObjectiveSettings:
    """name: ``profit``, ``revenue`` or ``units``. risk_measure: of the members' gains over holding prices, ``sd`` (mean
    - risk × sd) or ``cvar`` (mean of the share `tail` of members that gain least)."""

    name: str = "profit"
    risk_measure: str = "sd"
    risk: float = 0.25
    tail: float = 0.25


@dataclass
class RulesSettings:
    """rules: the configured list (see docs); file: a YAML list that is added to it."""

    name: str = "default"
    rules: list[Any] = field(default_factory=list)
    file: str | None = None


@dataclass
class SearchSettings:
    """optimiser: name in the registry. scope: ``product`` (one price in all stores), ``store_product``, or a column of
    the offers whose values share one price. max_rungs: allowed prices per decision, thinned evenly above.
    population, generations, patience, crossover, mutation, tournament, elite, seeds: genetic search. refine: every so
    many generations its best candidates climb by gradients (0 = never). checkpoint: a folder that keeps the state of a
    search every checkpoint_every generations; the same search goes on from there. against: the second measure of nsga2.
    starts, steps, learning_rate: gradient. evaluations: candidates of random search. block: candidates per
    compiled block on CPU. rule_costs: whether what each rule costs is measured after the search."""

    name: str = "genetic"
    optimiser: str = "genetic"
    scope: str = "product"
    max_rungs: int = 256
    population: int = 128
    generations: int = 200
    patience: int = 40
    crossover: float = 0.7
    mutation: float = 0.1
    tournament: int = 8
    elite: int = 16
    seeds: list[str] = field(default_factory=lambda: ["current", "dual", "gradient"])
    refine: int = 10
    checkpoint: str | None = None
    checkpoint_every: int = 10
    against: str = "units"
    starts: int = 4
    steps: int = 80
    learning_rate: float = 0.03
    evaluations: int = 20000
    block: int = 16
    rule_costs: bool = True
