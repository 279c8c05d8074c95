"""The table of optimisers by name. To add one: its module and its line here; one table of tests covers all."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from data_io.errors import ConfigError
from search import exact, genetic, gradient, nsga, random_search, scan_genetic
from search.auto import pick
from search.settings import SearchSettings
from search.types import Optimiser, PricingProblem, Solution

_GRADIENT = ("starts", "steps", "learning_rate", "population", "block")
_VARIATION = ("generations", "crossover", "mutation", "seeds", *_GRADIENT)
_SELECTION = ("patience", "tournament", "elite", "refine")
OPTIMISERS = {
    "genetic": (genetic.optimise, (*_VARIATION, *_SELECTION, "checkpoint", "checkpoint_every")),
    "genetic_on_device": (scan_genetic.optimise, (*_VARIATION, *_SELECTION)),
    "nsga2": (nsga.optimise, (*_VARIATION, "against")),
    "gradient": (gradient.optimise, _GRADIENT),
    "exact": (exact.optimise, ("population", "block")),
    "random": (random_search.optimise, ("evaluations", "population", "block")),
}
"""Name -> function and the SearchSettings that it takes; `auto` picks one of them."""
NAMES = ("auto", *OPTIMISERS)
BLACK_BOX = tuple(name for name in NAMES if name != "exact")
"""Those that take any demand."""


def make_optimiser(settings: SearchSettings) -> Optimiser:
    """The optimiser with its settings bound.

    Raises:
        ConfigError: no optimiser has this name.
    """
    if settings.optimiser == "auto":
        return partial(_picked, settings)
    if settings.optimiser not in OPTIMISERS:
        close = difflib.get_close_matches(settings.optimiser, NAMES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"search.optimiser is one of {', '.join(NAMES)}, not {settings.optimiser!r}.{hint}")
    function, names = OPTIMISERS[settings.optimiser]
    return partial(function, **{name: getattr(settings, name) for name in names})


def _picked(
    settings: SearchSettings,
    problem: PricingProblem,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
    **more: Any,
) -> Solution:
    name, why = pick(problem)
    found = make_optimiser(replace(settings, optimiser=name))(problem, seed=seed, progress=progress, **more)
    return replace(found, why=why)
