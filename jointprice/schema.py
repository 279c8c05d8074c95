"""The root of the typed configuration: what `jointprice --cfg job` shows. Not for defaults: those stand in conf/.

Hydra merges every YAML file and every override into these dataclasses, so a misspelt key or a wrong type is refused.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json import dumps

from data_io.settings import DataSettings
from ensemble.anchor.settings import AnchorSettings
from ensemble.settings import AggregationSettings, BacktestSettings, EnsembleSettings, TrainingSettings
from search.settings import ObjectiveSettings, RulesSettings, SearchSettings


@dataclass
class SweepSettings:
    """metric: what a sweep judges its jobs by: ``wape`` on the validation periods (the lower, the better),
    ``promised`` uplift, or the ``objective`` in the model, which compares only jobs of one and the same model."""

    metric: str = "wape"


@dataclass
class StockSettings:
    """Of task=stock. salvage: what a unit that is left over is worth, as a share of its cost. holding_cost: what
    keeping it costs, likewise. service_level: the least chance of not running out, whatever pays best."""

    salvage: float = 0.0
    holding_cost: float = 0.0
    service_level: float = 0.0


@dataclass
class MarkdownSettings:
    """Of task=markdown. periods: of a season, from a product's first sale. step: of the ladder, a share of the first
    price; steps: how many. salvage: what a unit left at the season's end is worth, a share of the first price.
    sell_through: the share of the season's stock that is to be sold by its end, null = whatever pays best.
    exit_column: of the offers or products, in how many periods of its season a product leaves, if before all."""

    periods: int = 8
    step: float = 0.1
    steps: int = 7
    salvage: float = 0.05
    sell_through: float | None = None
    exit_column: str | None = None


@dataclass
class PromotionSettings:
    """Of task=promote. mechanics: percent_off, fixed_price, two_for. columns: the promotion column of the sales that
    tells a mechanic, where it is not of the same name. depths: shares of the regular price. fixed_ending: last digit of
    a fixed price. pair_share: of a two-for's buyers, how many take two. horizon: periods that a deal is judged by, its
    own the first. max_deals: in a store. budget: money that deals may give away, all together. cost: of a deal."""

    mechanics: list[str] = field(default_factory=lambda: ["percent_off"])
    columns: dict[str, str] = field(default_factory=dict)
    depths: list[float] = field(default_factory=lambda: [0.1, 0.2, 0.3])
    fixed_ending: int = 9
    pair_share: float = 0.4
    horizon: int = 8
    max_deals: int | None = None
    budget: float | None = None
    cost: float = 0.0


@dataclass
class PastDeal:
    """A past "spend X, save Y": its first and last day, spend and save, money."""

    first: str
    last: str
    spend: float
    save: float


@dataclass
class SpendSaveSettings:
    """Of task=spend_save. past: deals that the baskets tell of. spends: thresholds to choose from, [] = around the past
    ones; saves: what is saved, as shares of the threshold. cost: money that running a deal costs per period."""

    past: list[PastDeal] = field(default_factory=list)
    spends: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=lambda: [0.05, 0.075, 0.1, 0.125, 0.15, 0.2])
    cost: float = 0.0


@dataclass
class WhatifSettings:
    """Of task=whatif. host, port: where the page is (port 0: any free one). token: that requests must bring; null: none
    on this machine, a new one elsewhere."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None


@dataclass
class ScenarioSettings:
    """By how many per cent the competitor's prices and the costs are others than the offers say."""

    competitor_percent: float = 0.0
    cost_percent: float = 0.0


@dataclass
class Config:
    """All settings of one run.

    task: what to do (jointprice.registry lists the tasks).
    seed: of members, bootstrap and search; two runs with one seed on one machine write the same prices.
    model: folder of a saved model, for tasks that do not train.
    run, product, store: of task=explain: directory of a finished run, and what of it is explained.
    track: where figures go beside the run directory: none, tensorboard or mlflow.
    debug: show tracebacks. quiet: no progress on stderr.
    """

    task: str = "run"
    seed: int = 0
    model: str | None = None
    run: str | None = None
    product: str | None = None
    store: str | None = None
    track: str = "none"
    debug: bool = False
    quiet: bool = False
    data: DataSettings = field(default_factory=DataSettings)
    ensemble: EnsembleSettings = field(default_factory=EnsembleSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    response: AnchorSettings = field(default_factory=AnchorSettings)
    backtest: BacktestSettings = field(default_factory=BacktestSettings)
    aggregation: AggregationSettings = field(default_factory=AggregationSettings)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)
    rules: RulesSettings = field(default_factory=RulesSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    stock: StockSettings = field(default_factory=StockSettings)
    markdown: MarkdownSettings = field(default_factory=MarkdownSettings)
    promotions: PromotionSettings = field(default_factory=PromotionSettings)
    spend_save: SpendSaveSettings = field(default_factory=SpendSaveSettings)
    whatif: WhatifSettings = field(default_factory=WhatifSettings)
    scenario: ScenarioSettings = field(default_factory=ScenarioSettings)
    sweep: SweepSettings = field(default_factory=SweepSettings)


def fingerprint(config: Config) -> str:
    """SHA-256 of all settings."""
    return sha256(dumps(asdict(config), sort_keys=True, default=str).encode()).hexdigest()


def register() -> None:
    """Make the schema known to Hydra as ``base_config``, and ``${unique:}``, which tells run folders apart."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    if "base_config.yaml" in ConfigStore.instance().repo:
        return
    node = OmegaConf.structured(Config)
    OmegaConf.set_struct(node.data.columns, False)  # its keys are open: data.columns.units=units_sold
    ConfigStore.instance().store("base_config", node=node)
    OmegaConf.register_new_resolver("unique", lambda: secrets.token_hex(3), use_cache=True, replace=True)
