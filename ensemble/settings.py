"""Settings of the models, their training and aggregation. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class GroupSettings:
    """One group of members with the same body and head; `members` is its share where several groups stand.

    loss: instead of training.loss; a group that learns a percentage loss speaks for `prediction_mape` alone.
    prices: whether the search may ask it; if not, it only forecasts.
    """

    body: str = "mlp"
    head: str = "elasticity"
    members: int = 1
    loss: str | None = None
    prices: bool = True


def default_groups() -> list[GroupSettings]:
    """Both bodies with both structural heads, which may price: members cure variance, mixed heads cure bias. Beside
    them free networks, which forecast better than they price, so they only forecast; one kind for the least percentage
    error, with twice the members, for nothing else speaks for it."""
    return [
        *(GroupSettings(body, head) for body in ("mlp", "cnn") for head in ("elasticity", "attraction")),
        *(GroupSettings(body, "free", loss="poisson", prices=False) for body in ("mlp", "cnn")),
        GroupSettings("mlp", "free", members=2, loss="absolute_percentage"),
    ]


@dataclass
class EnsembleSettings:
    """members: K in all, divided among the groups in proportion to their `members`, the first groups first.
    width, depth: of the bodies' hidden layers. embedding: width of the embeddings of categories."""

    name: str = "default"
    members: int = 16
    groups: list[GroupSettings] = field(default_factory=default_groups)
    width: int = 64
    depth: int = 2
    embedding: int = 8


@dataclass
class TrainingSettings:
    """loss: name of a loss. epochs: at most. patience: epochs without improvement before a member stops.
    batch_series: series per step (grown to the largest choice set). block: periods per bootstrap block.
    validation, test: share of the periods at the end of the history for early stopping and for the figures.
    leads: most periods between the last known sale and the forecast that members learn.
    refit: after the figures are taken, train again on all periods for each member's best number of epochs.
    promise_members: members trained on each half of the time blocks, divided among the groups, for a promise whose
        prices and values come from different weeks (0 = no promise)."""

    name: str = "default"
    loss: str = "negative_binomial"
    epochs: int = 60
    patience: int = 8
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    warmup: float = 0.05
    batch_series: int = 16
    block: int = 4
    validation: float = 0.1
    test: float = 0.1
    leads: int = 4
    refit: bool = True
    promise_members: int = 4


@dataclass
class AggregationSettings:
    """name: how the members' forecasts become one. by: for ``weighted``, ``validation`` (inverse error) or
    ``stacked`` (least squares on the simplex); weights: given ones instead, one per member. confidence: k of
    ``lower_confidence``. trim: share of members that ``trimmed_mean`` leaves out at either end."""

    name: str = "weighted"
    by: str = "validation"
    weights: list[float] | None = None
    confidence: float = 1.0
    trim: float = 0.2


@dataclass
class BacktestSettings:
    """rounds: rolling origins. gap: periods from the last training period to the first forecast one (2 leaves one
    blank). horizon: forecast periods per round. refit: ``full`` trains every round anew, ``warm`` goes on from the
    round before for `warm_epochs`."""

    rounds: int = 10
    gap: int = 1
    horizon: int = 1
    refit: str = "full"
    warm_epochs: int = 5
