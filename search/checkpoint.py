"""A genetic search that was cut off goes on: its state between two generations, as one npz with JSON. No pickle.

Each search has a file of its own, named by a fingerprint of all that it depends on: the problem, what the demand
answers, the settings, the versions and the device. A search that differs in any of them starts anew. Not for models.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from data_io.errors import ConfigError
from data_io.write import write_whole
from search.evaluate import Evaluator, sold_units
from search.journal import Individual, Journal

PACKAGES = ("jax", "jaxlib", "numpy", "deap", "optax", "scipy")


class Scored(NamedTuple):
    """A population with its fitness: rungs [P, D], value [P], violation [P]."""

    rungs: np.ndarray
    value: np.ndarray
    violation: np.ndarray


class State(NamedTuple):
    """A genetic search after `generation`: idle generations without a better candidate; the most violation tolerated in
    any; what each change is worth [D]; the bound of the tabulated problem."""

    generation: int
    current: Scored
    idle: int
    most_tolerated: float
    worth: np.ndarray
    bound: float | None


class Checkpoint:
    """The file of one search in a folder, written every so many generations. ConfigError where there is no folder."""

    def __init__(self, folder: str | Path, every: int, evaluator: Evaluator, settings: Mapping[str, Any]):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise ConfigError(f"search.checkpoint={folder} is no folder and cannot be made one: {fault}.") from None
        self._file = Path(folder) / f"search_{fingerprint(evaluator, settings)}.npz"
        self._every, self._evaluator = max(every, 1), evaluator

    def save(self, state: State, journal: Journal, generator: np.random.Generator) -> None:
        """Replaces the file as a whole, where it is time to."""
        if state.generation % self._every:
            return
        numbers = {name: value for name, value in state._asdict().items() if name not in ("current", "worth")}
        numbers |= {"evaluations": self._evaluator.evaluations, "history": list(journal.logbook)}
        numbers |= {"generator": generator.bit_generator.state}
        arrays = state.current._asdict() | {"worth": state.worth, "json": np.array(json.dumps(numbers))}
        arrays["hall"] = np.stack([one.rungs for one in journal.hall])
        arrays["hall_fitness"] = np.array([one.fitness.values for one in journal.hall])
        content = BytesIO()
        np.savez(content, **arrays)
        write_whole(self._file, content.getvalue())

    def load(self, journal: Journal, generator: np.random.Generator) -> State | None:
        """The state last saved, with journal, generator and count of evaluations set to it; None where there is none.

        Raises:
            ConfigError: the file is damaged.
        """
        if not self._file.exists():
            return None
        try:
            with np.load(self._file, allow_pickle=False) as saved:
                arrays = dict(saved)
            numbers = json.loads(str(arrays["json"]))
            current = Scored(*(arrays[name] for name in Scored._fields))
            fitness = arrays["hall_fitness"]
            hall = [Individual(row, *of[::-1]) for row, of in zip(arrays["hall"], fitness, strict=True)]
            generator.bit_generator.state = numbers.pop("generator")
            journal.restore(hall, numbers.pop("history"))
            self._evaluator.evaluations = numbers.pop("evaluations")
            return State(current=current, worth=arrays["worth"], **numbers)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as fault:
            raise ConfigError(
                f"{self._file} is damaged ({fault}): the search cannot go on from there. Delete it to begin anew."
            ) from None


def fingerprint(evaluator: Evaluator, settings: Mapping[str, Any]) -> str:
    """16 hex digits of everything that the course of a search depends on.

    The demand, which may be any function, is known by its answers at the lowest, current and highest prices.
    """
    problem = evaluator.problem
    ends = problem.prices(np.stack([np.zeros_like(problem.rungs), problem.start, problem.rungs - 1]))
    device = jax.devices()[0]
    course = [
        sorted(settings.items(), key=str),
        problem.objective,
        problem.rules,
        sorted(problem.room.items()),
        problem.decimals,
        [version(package) for package in PACKAGES],
        (device.platform, device.device_kind, os.cpu_count()),
        problem.offers.to_csv(),
    ]
    digest = hashlib.sha256(repr(course).encode())
    for array in (problem.decision, problem.ladder, problem.rungs, problem.start, sold_units(problem, ends)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
