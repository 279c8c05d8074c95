"""How the members' forecasts become one. Axes: K members first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

AGGREGATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda units: units.mean(0),
}
