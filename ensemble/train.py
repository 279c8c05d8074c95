"""Training: each member is a pure function of its key; one compiled epoch at fixed shapes serves all members.

No member sees another, and none waits for another: how many train beside it does not change it. Not for figures,
saving, or the form in which members run.
Axes: K members, B bins, N series of a bin, T periods.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from data_io.features import Inputs
from ensemble import forms
from ensemble.batches import Bins, pack, take, with_padding
from ensemble.member import Structure, decays, hierarchical, initial, penalty, row_loss, structure
from ensemble.settings import TrainingSettings
from ensemble.types import Sizes

LEAST_STEPS = 32  # per epoch: small tables are passed several times
RESPONSE_RATE = 10.0  # the head's terms have priors and learn faster: they must arrive before the body over-fits
GRADIENT = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())


class Job(NamedTuple):
    """What an epoch needs besides the members: data on the device and traced settings (no recompiling for them)."""

    inputs: Inputs
    rows: jax.Array
    sets: jax.Array
    validation: jax.Array  # [T] 1 where the period validates
    learning_rate: jax.Array
    weight_decay: jax.Array
    warmup: jax.Array
    epochs: jax.Array


class State(NamedTuple):
    """One member while it learns; `weights` [T] are its bootstrap weights."""

    key: jax.Array
    parameters: Any
    optimiser: Any
    weights: jax.Array
    best: Any
    best_loss: jax.Array
    best_epoch: jax.Array


class Fit(NamedTuple):
    """Trained members: their parameters [K, …], the weights [K, T] that periods had for them, best epochs [K] (1-based)
    and the log (one dict per epoch, in which members that have stopped keep their last losses)."""

    parameters: Any
    weights: np.ndarray
    best_epoch: np.ndarray
    log: list[dict]


@partial(jax.jit, static_argnames=("periods", "block", "half"))
def bootstrap_weights(key: jax.Array, periods: int, block: int, half: int | None = None) -> jax.Array:
    """[T] how often each block of neighbouring periods was drawn, Poisson with mean 1 (block bootstrap, Künsch 1989):
    what a member never drew, about a third, can judge it. half = 0 or 1 keeps every other block, all of them, with
    exponential weights (Rubin 1981)."""
    blocks = -(-periods // block)
    if half is not None:
        weights = 2.0 * jax.random.exponential(key, (blocks,)) * (jnp.arange(blocks) % 2 == half)
    else:
        drawn = jax.random.poisson(key, 1.0, (blocks,)).astype(jnp.float32)
        weights = jnp.where(jnp.any(drawn > 0), drawn, 1.0)
    return jnp.repeat(weights, block, total_repeat_length=blocks * block)[:periods]


def fit_group(
    body: str,
    head: str,
    sizes: Sizes,
    inputs: Inputs,
    settings: TrainingSettings,
    *,
    keys: jax.Array,
    weights: jax.Array,
    validation: np.ndarray,
    limits: np.ndarray | None = None,
    start: Any = None,
    progress: Callable[[dict], None] | None = None,
) -> Fit:
    """Train len(keys) members.

    Args:
        weights: [K, T] how much each member learns from each period (0 = never sees it).
        validation: [T] bool, periods that choose each member's best epoch; where none is True, the last epoch is it.
        limits: [K] epochs per member instead of settings.epochs (a refit for known best epochs).
        start: parameters [K, …] to go on from instead of fresh ones.
    """
    members, member = len(keys), structure(body, head, sizes, settings.loss)
    job = make_job(inputs, pack(np.asarray(inputs.choice_set), settings.batch_series), settings, validation)
    limits = np.full(members, settings.epochs) if limits is None else np.asarray(limits)
    blocks = forms.blocks(members)
    states = [begin(body, head, sizes, settings.loss, keys[block], weights[block]) for block in blocks]
    if start is not None:
        given = [forms.part(start, block) for block in blocks]
        states = [state._replace(parameters=own, best=own) for state, own in zip(states, given, strict=True)]
    best_epoch, losses, log = np.zeros(members, int), np.full((2, members), np.nan), []
    for epoch in range(int(limits.max(initial=0))):
        runs = (epoch < limits) & ((epoch - best_epoch < settings.patience) | ~validation.any())
        if not runs.any():
            break

        def one(number: int, epoch: int = epoch, runs: np.ndarray = runs) -> tuple[State, jax.Array]:
            own = runs[blocks[number]]
            return run_epoch(member, settings.leads, states[number], job, jnp.int32(epoch), own)

        asked = [number for number, block in enumerate(blocks) if runs[block].any()]
        for number, (state, found) in zip(asked, forms.run(one, asked), strict=True):
            block = blocks[number]
            states[number], best_epoch[block] = state, state.best_epoch
            losses[:, block] = np.where(runs[block], found, losses[:, block])
        train, held_out = losses.tolist()
        log.append({"epoch": epoch + 1, "body": body, "head": head, "train": train, "validation": held_out})
        if progress:
            progress(log[-1])
    return Fit(forms.joined([state.best for state in states]), np.asarray(weights), best_epoch, log)


def make_job(inputs: Inputs, bins: Bins, settings: TrainingSettings, validation: np.ndarray) -> Job:
    """What all members share, on the device."""
    put = partial(jax.tree.map, jnp.asarray)
    return Job(
        inputs=put(with_padding(inputs)),
        rows=jnp.asarray(bins.rows),
        sets=jnp.asarray(bins.sets),
        validation=jnp.asarray(validation, jnp.float32),
        learning_rate=jnp.float32(settings.learning_rate),
        weight_decay=jnp.float32(settings.weight_decay),
        warmup=jnp.float32(max(settings.warmup, 1e-6)),
        epochs=jnp.float32(settings.epochs),
    )


@partial(jax.jit, static_argnums=(0, 1, 2, 3))
def begin(body: str, head: str, sizes: Sizes, loss: str, keys: jax.Array, weights: jax.Array) -> State:
    """Fresh states of the members of these keys."""

    def one(key: jax.Array, weights: jax.Array) -> State:
        start, rest = jax.random.split(key)
        own = initial(start, body, head, sizes, loss)
        return State(rest, own, GRADIENT.init(own), weights, own, jnp.float32(jnp.inf), jnp.int32(0))

    return jax.vmap(one)(keys, weights)


@partial(jax.jit, static_argnums=(0, 1))
def run_epoch(member: Structure, leads: int, state: State, job: Job, epoch: jax.Array, runs: jax.Array):
    """One epoch of a block of members: new states and losses [2, K] (training, validation). What is best changes
    only where `runs` [K]."""
    one = partial(member_epoch, member, leads)
    return jax.vmap(one, in_axes=(0, None, None, 0), out_axes=(0, 1))(state, job, epoch, runs)


def member_epoch(member: Structure, leads: int, state: State, job: Job, epoch: jax.Array, runs: jax.Array):
    """One member's epoch, not compiled: see run_epoch."""
    bins, size = job.rows.shape
    periods = job.validation.shape[0]
    order_key, lead_key = jax.random.split(jax.random.fold_in(state.key, epoch))
    passes = -(-LEAST_STEPS // bins)
    steps = passes * bins
    order = jax.vmap(lambda key: jax.random.permutation(key, bins))(jax.random.split(order_key, passes)).ravel()
    lead = jax.random.randint(lead_key, (steps, periods), 1, leads + 1)
    learns = state.weights * (1 - job.validation)
    rows = jnp.maximum(jnp.sum(job.inputs.mask * learns), 1.0)

    def bin_loss(parameters, number, lead, weights):
        batch = take(job.inputs, job.rows[number], job.sets[number])
        weight = batch.mask.T * weights[:, None]
        return jnp.sum(weight * row_loss(member, parameters, batch, lead, size)) / rows

    def objective(parameters, number, lead):
        fitted = bin_loss(parameters, number, lead, learns)
        return bins * fitted + penalty(member, parameters) / rows, fitted

    def step(carry, batch):
        parameters, optimiser = carry
        number, lead, position = batch
        rate = job.learning_rate * _schedule((epoch + position / steps) / job.epochs, job.warmup)
        (_, fitted), gradient = jax.value_and_grad(objective, has_aux=True)(parameters, number, lead)
        update, optimiser = GRADIENT.update(gradient, optimiser)
        parameters = jax.tree.map(
            lambda value, change, decay, fast: (
                value - rate * (1 + (RESPONSE_RATE - 1) * fast) * (change + job.weight_decay * decay * value)
            ),
            parameters,
            update,
            decays(parameters),
            hierarchical(parameters),
        )
        return (parameters, optimiser), fitted

    (parameters, optimiser), fitted = jax.lax.scan(
        step, (state.parameters, state.optimiser), (order, lead, jnp.arange(steps, dtype=jnp.float32))
    )
    held_out = _validation_loss(member, parameters, job)
    better = runs & jnp.where(jnp.any(job.validation > 0), held_out < state.best_loss, True)
    choose = partial(jax.tree.map, lambda new, old: jnp.where(better, new, old))
    state = State(
        state.key,
        parameters,
        optimiser,
        state.weights,
        choose(parameters, state.best),
        jnp.where(better, held_out, state.best_loss),
        jnp.where(better, epoch + 1, state.best_epoch),
    )
    return state, jnp.stack([fitted.sum() / passes, held_out])


def _validation_loss(member: Structure, parameters, job: Job) -> jax.Array:
    """Mean loss per validation row at lead 1, bin after bin."""
    lead = jnp.ones(job.validation.shape[0], jnp.int32)

    def total(bin_rows):
        rows, sets = bin_rows
        batch = take(job.inputs, rows, sets)
        weight = batch.mask.T * job.validation[:, None]
        return jnp.sum(weight * row_loss(member, parameters, batch, lead, rows.shape[0]))

    return jax.lax.map(total, (job.rows, job.sets)).sum() / jnp.maximum(jnp.sum(job.inputs.mask * job.validation), 1.0)


def _schedule(part: jax.Array, warmup: jax.Array) -> jax.Array:
    """Linear warm-up, then a cosine to a twentieth; `part` of training done, 0 to 1."""
    rest = jnp.clip((part - warmup) / (1 - warmup), 0, 1)
    return jnp.minimum(part / warmup, 1.0) * (0.05 + 0.95 * 0.5 * (1 + jnp.cos(jnp.pi * rest)))
