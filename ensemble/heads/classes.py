"""The classes head: a softmax over demand classes, for ensembles that vote.

Classes are quantile bands of log units around a series' level (data_io.features); the units of a class are its mean,
those of a member the probability-weighted mean of the classes.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp

from data_io.features import DEMAND_CLASSES
from ensemble.heads.base import Prices
from ensemble.heads.free import FreeHead, FreeResponse, outputs

ClassesHead = partial(FreeHead, outputs=DEMAND_CLASSES)
logits = outputs


def log_units(response: FreeResponse, prices: Prices) -> jax.Array:
    """Log expected units [..., S]."""
    chance = jax.nn.softmax(outputs(response, prices), -1)
    return response.level + jnp.log(chance @ prices.class_means)
