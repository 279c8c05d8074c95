"""What an ensemble spends its time on, at any size: one epoch, one forecast of a table, one population of candidates.

A Work is one member's task as a pure function; benchmarks.ensemble runs it over members in several forms. Data are
random: nothing here is learnt well, only at full cost.
Axes: K members, S series, T periods, P candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from data_io.features import Inputs, build_inputs, fit_features
from data_io.types import SalesPanel
from ensemble import forms, train
from ensemble.batches import pack, take, with_padding
from ensemble.fit import member_sizes
from ensemble.heads.registry import HEADS
from ensemble.member import forecast, initial, prices_of, row_loss, structure
from ensemble.predict import BIN_SERIES, in_bins, member_bins, respond
from ensemble.settings import EnsembleSettings, TrainingSettings
from ensemble.types import Group, Sizes

SET_SIZE, PERIODS, WINDOW = 11, 60, 33
CANDIDATES = 128
SETTINGS = TrainingSettings()


class Work(NamedTuple):
    """One member's task and its cost.

    Attributes:
        one: (what the member owns, *shared) -> its result.
        own: what members own, every leaf beginning with the axis K.
        shared: what they share.
        amount: rows, epochs or candidates that all members together get through (a row once, not K times).
        flops: of all members, as XLA counts them (without transcendentals).
        engine: the engine's own call, in the form that it chooses; the search has none.
    """

    one: Callable[..., Any]
    own: Any
    shared: tuple
    amount: int
    flops: float
    engine: Callable[[], Any] | None = None

    @property
    def traffic(self) -> int:
        """Bytes that any form must move: what goes in and comes out, each once. What a cache saves is not counted."""
        results = jax.eval_shape(jax.vmap(self.one, in_axes=(0, *[None] * len(self.shared))), self.own, *self.shared)
        leaves = jax.tree.leaves((self.own, self.shared, results))
        return sum(
            leaf.size * leaf.dtype.itemsize for leaf in leaves if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        )


class Data(NamedTuple):
    inputs: Inputs
    sizes: Sizes


@lru_cache(maxsize=2)
def make_data(series: int, periods: int) -> Data:
    """A panel of `series` random series, in choice sets of SET_SIZE, as what networks read."""
    draw = np.random.default_rng(0)
    shape, number = (series, periods), np.arange(series)
    table = pd.DataFrame(
        {
            "product": [f"p{i % SET_SIZE}" for i in number],
            "store": [f"s{i // SET_SIZE}" for i in number],
            "category": "all",
            "choice_set": number // SET_SIZE,
        }
    )
    panel = SalesPanel(
        series=table,
        periods=pd.date_range("2024-01-01", periods=periods, freq="7D"),
        frequency="week",
        units=draw.poisson(30, shape).astype(np.float32),
        price=draw.uniform(2, 5, shape).round(2),
        cost=np.full(shape, np.nan),
        observed=np.ones(shape, bool),
        censored=np.zeros(shape, bool),
        traffic=np.zeros(shape, np.float32),
        competitor=np.full(shape, np.nan),
        promotions=draw.integers(0, 2, (*shape, 2)).astype(np.float32),
        numeric=np.zeros((*shape, 0), np.float32),
        promotion_names=("deal", "feature"),
        numeric_names=(),
        categorical_names=(),
        attribute_names=(),
    )
    spec = fit_features(panel, slice(0, periods))
    inputs = build_inputs(panel, spec)
    return Data(inputs, member_sizes(spec, inputs, EnsembleSettings()))


def training(body: str, head: str, members: int, series: int) -> Work:
    """One epoch."""
    inputs, sizes = make_data(series, PERIODS)
    member, keys = structure(body, head, sizes, SETTINGS.loss), jax.random.split(jax.random.key(0), members)
    bins = pack(inputs.choice_set, SETTINGS.batch_series)
    validation = np.arange(PERIODS) >= PERIODS * (1 - SETTINGS.validation)
    job = train.make_job(inputs, bins, SETTINGS, validation)
    weights = jax.vmap(lambda key: train.bootstrap_weights(key, PERIODS, SETTINGS.block))(keys)
    state = train.begin(body, head, sizes, SETTINGS.loss, keys, weights)
    batch = take(job.inputs, job.rows[0], job.sets[0])
    lead = jnp.ones(PERIODS, jnp.int32)

    def loss(parameters: Any) -> jax.Array:
        return jnp.mean(row_loss(member, parameters, batch, lead, bins.rows.shape[1]))

    example = initial(keys[0], body, head, sizes, SETTINGS.loss)
    forward, both = count(loss, example), count(jax.value_and_grad(loss), example)
    steps = -(-train.LEAST_STEPS // len(bins.rows)) * len(bins.rows)
    flops = members * (steps * both + len(bins.rows) * forward)
    known = member, SETTINGS.leads

    def engine(blocks: list[Any]) -> list[Any]:
        return forms.run(
            lambda mine: train.run_epoch(*known, mine, job, jnp.int32(0), np.ones(len(mine.best_epoch), bool)), blocks
        )

    one = partial(train.member_epoch, *known, runs=True)
    blocks = [forms.part(state, block) for block in forms.blocks(members)]
    return Work(one, state, (job, jnp.int32(0)), 1, flops, partial(engine, blocks))


def inference(body: str, head: str, members: int, series: int, bin_series: int = BIN_SERIES) -> Work:
    """Forecasts of a whole table, series in bins."""
    inputs, sizes = make_data(series, PERIODS)
    member, lead = structure(body, head, sizes, SETTINGS.loss), jnp.ones(PERIODS, jnp.int32)
    bins = pack(inputs.choice_set, min(bin_series, series))
    padded = jax.tree.map(jnp.asarray, with_padding(inputs))

    def one(parameters: Any, inputs: Inputs, rows: jax.Array, sets: jax.Array) -> jax.Array:
        return member_bins(member, parameters, inputs, rows, sets, lead)

    parameters = _parameters(body, head, sizes, members)
    shared = (padded, jnp.asarray(bins.rows), jnp.asarray(bins.sets))
    batch = take(padded, bins.rows[0], bins.sets[0])
    first = jax.tree.map(lambda leaf: leaf[0], parameters)
    flops = count(lambda own: forecast(member, own, batch, lead, bins.rows.shape[1]), first)
    asked = padded, jax.tree.map(jnp.asarray, bins), lead
    engine = partial(in_bins, Group(body, head, SETTINGS.loss, True, parameters), sizes, *asked)
    return Work(one, parameters, shared, series * PERIODS, members * len(bins.rows) * flops, engine)


def candidates(body: str, head: str, members: int, series: int, block: int = CANDIDATES) -> Work:
    """Units of a population of price vectors in one period, contexts given, in blocks of candidates."""
    inputs, sizes = make_data(series, WINDOW)
    parameters = _parameters(body, head, sizes, members)
    responses = []
    for number in range(members):  # one at a time: contexts of all periods of all members fill the memory
        mine = jax.tree.map(lambda leaf, number=number: leaf[number : number + 1], parameters)
        found = respond(Group(body, head, SETTINGS.loss, True, mine), sizes, inputs, np.ones(WINDOW, np.int32))
        responses.append(found._replace(**{name: getattr(found, name)[:, -1] for name in found.over_time}))
    response = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *responses)
    prices = prices_of(jax.tree.map(jnp.asarray, inputs), int(inputs.choice_set.max()) + 1)
    asked = jnp.asarray(np.random.default_rng(1).normal(0, 0.1, (CANDIDATES, series)), jnp.float32)

    def one(response: Any, asked: jax.Array) -> jax.Array:
        def run(some: jax.Array) -> jax.Array:
            return jnp.exp(HEADS[head].log_units(response, prices._replace(log_price=some)))

        return jax.lax.map(run, asked.reshape(-1, block, series)) if block < CANDIDATES else run(asked)

    first = jax.tree.map(lambda leaf: leaf[0], response)
    flops = count(lambda some: HEADS[head].log_units(first, prices._replace(log_price=some)), asked)
    return Work(one, response, (asked,), CANDIDATES, members * flops)


def count(function: Callable[..., Any], *arguments: Any) -> float:
    """Operations of one call as written, before XLA rearranges them (on a GPU after it: nothing is known sooner there);
    of a loop only one pass would be counted."""
    program = jax.jit(function).lower(*arguments)
    costs = program.cost_analysis() or program.compile().cost_analysis() or {}
    return float(costs.get("flops", 0))


@lru_cache(maxsize=2)
def _parameters(body: str, head: str, sizes: Sizes, members: int) -> Any:
    keys = jax.random.split(jax.random.key(0), members)
    return jax.jit(jax.vmap(lambda key: initial(key, body, head, sizes, SETTINGS.loss)))(keys)
