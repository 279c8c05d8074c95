"""From overrides to checked settings, for the command line and the Python API. Not for running tasks."""

from __future__ import annotations

from collections.abc import Sequence

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from data_io.errors import ConfigError
from jointprice.explain import explain
from jointprice.guard import check_overrides
from jointprice.registry import check_names
from jointprice.schema import Config, register

# Whole ranges that make sense: (least, most), both allowed.
LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "data.market_seed": (0, 2**32 - 1),
    "data.decimals": (0, 4),
    "data.tax_rate": (0.0, 1.0),
    "data.fee_rate": (0.0, 0.99),
    "data.offers_max_age": (1, 10**6),
    "data.max_choice_set": (1, 10**6),
    "stock.salvage": (0.0, 0.99),
    "stock.holding_cost": (0.0, 100.0),
    "stock.service_level": (0.0, 0.9999),
    "markdown.periods": (2, 100),
    "markdown.step": (0.001, 0.9),
    "markdown.steps": (1, 100),
    "markdown.salvage": (0.0, 1.0),
    "markdown.sell_through": (0.0, 1.0),
    "ensemble.members": (1, 4096),
    "ensemble.width": (1, 8192),
    "ensemble.depth": (0, 32),
    "ensemble.embedding": (0, 1024),
    "training.epochs": (1, 10**6),
    "training.patience": (1, 10**6),
    "training.learning_rate": (1e-9, 10.0),
    "training.weight_decay": (0.0, 10.0),
    "training.warmup": (0.0, 1.0),
    "training.batch_series": (1, 10**6),
    "training.block": (1, 10**6),
    "training.validation": (0.0, 0.5),
    "training.test": (0.0, 0.5),
    "training.leads": (1, 1000),
    "training.promise_members": (0, 4096),
    "response.search_draws": (1, 4096),
    "response.draws": (1, 4096),
    "response.folds": (0, 100),
    "response.block": (1, 10**6),
    "response.temperature": (1e-6, 1e6),
    "response.steps": (1, 10**4),
    "response.block_products": (1, 500),
    "response.full_cross": (0, 500),
    "response.outside_share": (0.001, 0.999),
    "response.reaction": (0.0, 1.0),
    "promotions.fixed_ending": (0, 9),
    "promotions.pair_share": (0.0, 1.0),
    "promotions.horizon": (1, 104),
    "promotions.max_deals": (0, 10**6),
    "promotions.budget": (0.0, 1e15),
    "promotions.cost": (0.0, 1e12),
    "spend_save.cost": (0.0, 1e12),
    "whatif.port": (0, 65535),
    "scenario.competitor_percent": (-90.0, 900.0),
    "scenario.cost_percent": (-90.0, 900.0),
    "response.share": (0.0, 1.0),
    "aggregation.confidence": (0.0, 100.0),
    "aggregation.trim": (0.0, 0.49),
    "backtest.rounds": (1, 10**4),
    "backtest.gap": (1, 10**4),
    "backtest.horizon": (1, 10**4),
    "backtest.warm_epochs": (1, 10**6),
    "objective.risk": (0.0, 100.0),
    "objective.tail": (0.01, 1.0),
    "search.max_rungs": (3, 10**5),
    "search.population": (4, 10**6),
    "search.generations": (1, 10**6),
    "search.patience": (1, 10**6),
    "search.crossover": (0.0, 1.0),
    "search.mutation": (0.0, 1.0),
    "search.tournament": (1, 1000),
    "search.elite": (0, 10**5),
    "search.refine": (0, 10**6),
    "search.checkpoint_every": (1, 10**6),
    "search.starts": (1, 10**5),
    "search.steps": (1, 10**6),
    "search.learning_rate": (1e-9, 10.0),
    "search.evaluations": (1, 10**10),
    "search.block": (1, 10**6),
}


def compose(overrides: Sequence[str] = ()) -> Config:
    """The settings that the command line with these overrides would run with. Raises ConfigError."""
    return to_settings(compose_tree(overrides))


def compose_tree(overrides: Sequence[str] = ()) -> DictConfig:
    """The same as Hydra's tree, unchecked, for showing. Raises ConfigError."""
    register()
    check_overrides(overrides)
    # A program that uses Hydra itself may call us from inside its own job.
    theirs = GlobalHydra.instance().hydra
    GlobalHydra.instance().hydra = None
    try:
        with initialize_config_module("conf", version_base="1.3"):
            return hydra_compose("config", overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise explain(error) from error
    finally:
        GlobalHydra.instance().hydra = theirs


def to_settings(composed: DictConfig) -> Config:
    """Hydra's tree -> plain dataclasses and lists, with every name and range checked. Raises ConfigError."""
    try:
        # Merging again into the schema refuses keys that `+key=value` slipped past it.
        checked = OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.to_container(composed, resolve=False))
        _check_folder(checked)
        config = OmegaConf.to_object(checked)
    except OmegaConfBaseException as error:
        raise explain(error) from error
    check_names(config)
    _check_limits(config)
    return config


def _check_folder(composed: DictConfig) -> None:
    data = OmegaConf.to_container(composed.data, resolve=False)
    waiting = [key for key, value in data.items() if isinstance(value, str) and "${data.folder}" in value]
    if waiting and composed.data.folder is None:
        raise ConfigError(
            f"data.folder is not given, but data.{', data.'.join(waiting)} start there. "
            "Add data.folder=FOLDER with the folder that holds the files."
        )


def _check_limits(config: Config) -> None:
    faults = []
    for key, (least, most) in LIMITS.items():
        value = config
        for part in key.split("."):
            value = getattr(value, part)
        if value is not None and not least <= value <= most:  # also true for NaN
            faults.append(f"{key} must be from {least:g} to {most:g}, not {value}.")
    faults += [
        f"ensemble.groups: a group needs at least 1 member, not {group.members}."
        for group in config.ensemble.groups
        if group.members < 1
    ]
    if config.markdown.step * config.markdown.steps >= 1:
        faults.append("markdown.step × markdown.steps must leave a price (be below 1).")
    if not all(0 < share < 1 for share in config.spend_save.saves) or not config.spend_save.saves:
        faults.append("spend_save.saves are shares of the threshold between 0 and 1, such as [0.1,0.15].")
    if not all(spend > 0 for spend in config.spend_save.spends):
        faults.append("spend_save.spends must be above 0.")
    if not config.response.heads:
        faults.append("response.heads must list at least one head.")
    if not config.ensemble.groups:
        faults.append("ensemble.groups must list at least one group of members.")
    if config.objective.risk_measure == "cvar" and config.aggregation.name in ("lower_confidence", "worst_group"):
        faults.append(f"objective.risk_measure=cvar and aggregation={config.aggregation.name} both say what risk is.")
    if config.training.validation + config.training.test >= 1:
        faults.append("training.validation + training.test must leave periods to train on (be below 1).")
    if faults:
        raise ConfigError("\n".join(faults))
