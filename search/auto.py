"""search=auto: which optimiser a problem is for, and why. Not for searching."""

from __future__ import annotations

import jax

from search import exact
from search.dual.relaxation import relax
from search.evaluate import make_evaluator
from search.sparing import make_sparing
from search.types import IndexedDemand, PricingProblem

FEW = 100  # rungs of all decisions together, up to which mixed-integer programming takes seconds


def pick(problem: PricingProblem) -> tuple[str, str]:
    """The optimiser's name, and the reason in words."""
    count = int(problem.rungs.sum())
    if not isinstance(problem.demand, IndexedDemand):
        return _evolution(
            problem, "the demand declares no price indices, so that no bound is known and nothing is exact"
        )
    if count > FEW:
        return _evolution(
            problem, f"{count:,} allowed prices are too many to be solved exactly in seconds (at most {FEW})"
        )
    refusal = exact.refusal(problem, relax(problem, make_evaluator(problem, tabulated=True).compiled))
    if refusal is not None:
        return _evolution(problem, f"search=exact would need {refusal}")
    return "exact", f"{count} allowed prices are few enough to be solved to the optimum"


def _evolution(problem: PricingProblem, why: str) -> tuple[str, str]:
    if jax.default_backend() == "cpu":
        return "genetic", why
    if make_sparing(problem) is not None:
        return "genetic", f"{why}; rules that limit which prices change together are repaired on the host"
    return "genetic_on_device", f"{why}; the device runs whole generations"
