"""A small log-log market as a panel, an anchor fitted to it once, and random structures of every head."""

import jax
import numpy as np
import pytest

from data_io.load import load_tables
from data_io.markets import loglog
from data_io.panel import build_panel
from data_io.settings import DataSettings, FeatureSettings
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.control import CONTROLS
from ensemble.anchor.draws import _structures
from ensemble.anchor.evaluate import SHIFTS
from ensemble.anchor.heads import Block, Theta, head_shape, row_scales
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.treatments import TREATMENTS

SETTINGS = AnchorSettings(heads=["elasticity", "nested"], draws=6, folds=2, steps=12)


@pytest.fixture(scope="session")
def market():
    return loglog.make("exogenous", 3, products=4, stores=6, weeks=60)


@pytest.fixture(scope="session")
def panel_of():
    """From a market to its panel."""
    return _panel


def _panel(market):
    settings = DataSettings(features=FeatureSettings(promotion=list(market.promotions)))
    tables = load_tables(settings, sales=market.sales, products=market.products, offers=market.offers)
    return build_panel(tables, settings)


@pytest.fixture(scope="session")
def panel(market):
    return _panel(market)


@pytest.fixture(scope="session")
def settings():
    return SETTINGS


@pytest.fixture(scope="session")
def anchor(panel):
    return fit_anchor(panel, SETTINGS, seed=1)


@pytest.fixture(scope="session")
def block():
    """Three products in one group, two in another."""
    group = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1]]
    rivals = (1 - np.eye(5)).astype(np.float32)
    dearness = np.array([-0.3, 0, 0.2, 0, 0.1], np.float32)
    return Block(group, group @ group.T > 0, rivals, dearness)


@pytest.fixture(scope="session")
def structure(block):
    """Draws a head's structure from its prior."""

    def make(name, seed):
        shape = head_shape(name, 5, 1 + len(TREATMENTS) + CONTROLS, 2, 16)
        rng = np.random.default_rng(seed)
        shared = rng.normal(size=(1, shape.shared_count)).astype(np.float32)
        rows = rng.normal(size=(1, 5, shape.columns)).astype(np.float32)
        theta = Theta(shared, rows, np.zeros((1, 3, 5), np.float32))
        drawn = _structures(shape, block, theta, row_scales(shape)[0].astype(np.float32))
        return jax.tree.map(lambda values: values[0], {k: v for k, v in drawn.items() if k not in SHIFTS})

    return make
