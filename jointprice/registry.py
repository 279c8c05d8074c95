"""The one list of names that configuration may choose from. Not for what they do: names are resolved only when used.

Heavy packages are imported by `resolve`, never by looking a name up, so a misspelt name is refused in a moment.
Nothing is instantiated from configuration by its Python path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from data_io.errors import ConfigError
from jointprice.sweep import METRICS

if TYPE_CHECKING:
    from jointprice.schema import Config

# Each task is `execute(config: Config, output: Path) -> dict`, the summary it wrote.
TASKS = {
    "run": "jointprice.tasks.run:execute",
    "train": "jointprice.tasks.train:execute",
    "optimise": "jointprice.tasks.optimise:execute",
    "backtest": "jointprice.tasks.backtest:execute",
    "forecast": "jointprice.tasks.forecast:execute",
    "validate": "jointprice.tasks.validate:execute",
    "stock": "jointprice.tasks.stock:execute",
    "markdown": "jointprice.tasks.markdown:execute",
    "promote": "jointprice.tasks.promote:execute",
    "spend_save": "jointprice.tasks.spend_save:execute",
    "whatif": "jointprice.tasks.whatif:execute",
    "explain": "jointprice.tasks.explain:execute",
}

# Each tracker is `record(folder, config, summary)`; what it needs is in the extra `track`.
TRACKERS = {"tensorboard": "jointprice.track.tensorboard:record", "mlflow": "jointprice.track.mlflow:record"}

# What the other packages offer; tests hold these names against the tables that the packages dispatch on.
CHOICES: dict[str, tuple[str, ...]] = {
    "task": tuple(TASKS),
    "track": ("none", *TRACKERS),
    "data.source": ("synthetic", "table"),
    "data.market": (
        "loglog",
        "logit",
        "linear",
        "nested",
        "stockpiling",
        "stockout",
        "competitor",
        "promotions",
        "season",
    ),
    "ensemble.groups.body": ("mlp", "cnn", "gru"),
    "ensemble.groups.head": ("elasticity", "attraction", "free", "classes"),
    "training.loss": (
        "negative_binomial",
        "hurdle",
        "poisson",
        "tweedie",
        "squared",
        "absolute",
        "absolute_percentage",
    ),
    "response.name": ("anchor", "networks"),
    "response.heads": ("elasticity", "linear", "nested", "classes"),
    "aggregation.name": (
        "mean",
        "weighted",
        "median",
        "trimmed_mean",
        "vote",
        "soft_vote",
        "lower_confidence",
        "worst_group",
    ),
    "aggregation.by": ("validation", "stacked"),
    "backtest.refit": ("full", "warm"),
    "objective.name": ("profit", "revenue", "units"),
    "objective.risk_measure": ("sd", "cvar"),
    "search.optimiser": ("auto", "genetic", "genetic_on_device", "nsga2", "gradient", "exact", "random"),
    "search.against": ("units", "revenue", "profit", "margin", "changes"),
    "sweep.metric": tuple(METRICS),
}


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` with the closest allowed name, or nothing where none is close."""
    close = get_close_matches(str(word), list(allowed), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def check_names(config: Config) -> None:
    """Refuse, all at once, every name that no table knows. Raises ConfigError."""
    faults = [
        f"{key}: {value!r} is not one of {', '.join(CHOICES[key])}.{did_you_mean(value, CHOICES[key])}"
        for key, value in _chosen(config)
        if value not in CHOICES[key]
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def resolve(target: str) -> Callable[..., Any]:
    """``module:function`` -> the function, importing its module now."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _chosen(config: Config) -> Iterator[tuple[str, str]]:
    yield "task", config.task
    yield "track", config.track
    yield "data.source", config.data.source
    yield "data.market", config.data.market
    for group in config.ensemble.groups:
        yield "ensemble.groups.body", group.body
        yield "ensemble.groups.head", group.head
        if group.loss is not None:
            yield "training.loss", group.loss
    yield "training.loss", config.training.loss
    yield "response.name", config.response.name
    for head in config.response.heads:
        yield "response.heads", head
    yield "aggregation.name", config.aggregation.name
    yield "aggregation.by", config.aggregation.by
    yield "backtest.refit", config.backtest.refit
    yield "objective.name", config.objective.name
    yield "objective.risk_measure", config.objective.risk_measure
    yield "search.optimiser", config.search.optimiser
    yield "search.against", config.search.against
    yield "sweep.metric", config.sweep.metric
