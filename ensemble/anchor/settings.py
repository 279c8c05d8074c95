"""Settings of the structural anchor. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class AnchorSettings:
    """name: ``anchor``, or ``networks`` for the price response that the networks' own heads learnt.
    search_draws: how many the search asks, divided among the heads by their weights.
    heads: names in ensemble.anchor.heads. draws: per head. folds, block: folds of blocks of so many periods for the
    weights of the heads. temperature: of those weights. steps: most damped steps of a fit (a fold takes a third).
    block_products: most products fitted together; larger tables are split by category, then by this number.
    full_cross: in blocks of more products, cross effects run through the group's price index alone.
    treatments: let deals' depth, past deals, pantries and the usual price have effects of their own, so that what a
    regular price does in the long run is not read off deals.
    control: let costs, where they move prices, tell apart what prices did and what they followed.
    shocks: let what all stores share of a period's residuals be a demand shock, not evidence from each of them.
    share: of the anchor in forecasts and levels, the rest is the networks'; None = the one of least error in periods
    that trained neither.
    reaction: by how many per cent the competitor's prices follow 1 % of ours; None = learnt, where they are known.
    outside_share: share of shoppers who buy none of the products at usual prices, where known; None = learnt."""

    name: str = "anchor"
    search_draws: int = 24
    heads: list[str] = field(default_factory=lambda: ["elasticity", "linear", "nested", "classes"])
    draws: int = 24
    folds: int = 5
    block: int = 4
    temperature: float = 0.6
    steps: int = 30
    block_products: int = 40
    full_cross: int = 16
    treatments: bool = True
    control: bool = True
    shocks: bool = True
    share: float | None = None
    reaction: float | None = None
    outside_share: float | None = None
