"""A small market as a panel, and an ensemble trained on it once per session."""

import pytest

from data_io.history import history_of
from data_io.settings import DataSettings
from ensemble.fit import fit_ensemble
from ensemble.settings import AggregationSettings, EnsembleSettings, GroupSettings, TrainingSettings
from jointprice.prepare import prepare


@pytest.fixture(scope="session")
def prepared():
    return prepare(DataSettings())


@pytest.fixture(scope="session")
def train(prepared):
    """Trains a small ensemble on the market's panel, or on another."""

    def fit(panel=None, *, members=3, groups=(("mlp", "elasticity"),), seed=0, aggregation="mean", **training):
        return fit_ensemble(
            panel or prepared.panel,
            history_of(prepared.tables),
            EnsembleSettings(members=members, width=16, groups=[GroupSettings(*group) for group in groups]),
            TrainingSettings(**{"epochs": 8, "promise_members": 2, **training}),
            AggregationSettings(aggregation),
            seed=seed,
        )

    return fit


@pytest.fixture(scope="session")
def trained(train):
    return train()
