"""What prices earn were the market another size: the attraction heads' share of shoppers who buy nothing, moved.

Sales alone hardly tell that share, and it decides how much of what a price loses goes to nobody. Not for fitting.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit, logit

from ensemble.anchor.anchor import LEAST_HEARD, Anchor


def hears_attraction(anchor: Anchor) -> bool:
    """Whether a head that has such a share is heard."""
    return any("outside" in head.draws and head.weight >= LEAST_HEARD for head in anchor.heads)


def with_outside_odds(anchor: Anchor, factor: float) -> Anchor:
    """The anchor with the odds of buying nothing times `factor` in every draw of the attraction heads, all else as
    drawn. Units at the reference prices stay: the shoppers, not the sales, become more or fewer."""

    def moved(draws: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        share = logit(np.asarray(draws["outside"], np.float64).clip(1e-6, 1 - 1e-6))
        return draws | {"outside": expit(share + np.log(factor)).astype(np.float32)}

    heads = (replace(head, draws=moved(head.draws)) if "outside" in head.draws else head for head in anchor.heads)
    return replace(anchor, heads=tuple(heads))
