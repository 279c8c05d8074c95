"""track=tensorboard: event files in the run directory's folder tensorboard/, by tensorboardX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from tensorboardX import SummaryWriter

from jointprice.schema import Config
from jointprice.track.figures import curves, parameters, scalars

SPREADS = ("change_pct", "elasticity", "margin")  # of prices.csv, as histograms


def record(folder: Path, config: Config, summary: dict[str, Any]) -> None:
    """Losses and the search as curves, figures as scalars, prices as histograms, settings as text."""
    with SummaryWriter(str(folder / "tensorboard")) as writer:
        for name, step, value in curves(folder):
            writer.add_scalar(name, value, step)
        found = scalars(folder, summary)
        for name, value in found.items():
            writer.add_scalar(name.replace(".", "/"), value, 0)
        if (folder / "prices.parquet").exists():
            prices = pd.read_parquet(folder / "prices.parquet", columns=list(SPREADS))
            for name in SPREADS:
                known = prices[name].dropna().to_numpy()
                if len(known):
                    writer.add_histogram(f"prices/{name}", known, 0)
        told = "\n".join(f"    {key}: {value}" for key, value in parameters(config).items())
        writer.add_text("settings", told, 0)
