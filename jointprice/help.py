"""The answers to `jointprice --help` and `--version`. Not for anything that runs.

Help is written here because Hydra's own takes most of a second to list the choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from omegaconf import OmegaConf

from jointprice.compose import compose_tree
from jointprice.registry import TASKS
from jointprice.versions import installed

_USAGE = """\
jointprice sets the prices of all products together: sales history -> demand ensemble -> genetic search -> prices.

usage: jointprice [key=value …]                  one run; its results are in outputs/
       jointprice -m key=value,value …           every combination; results and leaderboard.csv in multirun/
       jointprice -m hydra/sweeper=optuna 'key=interval(a,b)' …     values that Optuna proposes (extra: sweep)
       jointprice --cfg job [key=value …]        show the configuration, do nothing
       jointprice --config-dir FOLDER [key=value …]    choices of your own beside the ones below
       jointprice --hydra-help                   Hydra's further options"""


def help_text(overrides: Sequence[str] = ()) -> str:
    """Usage, tasks, choices and every setting with the value it would have. Raises ConfigError."""
    choices = {
        folder.name: sorted(file.name.removesuffix(".yaml") for file in folder.iterdir())
        for folder in sorted(files("conf").iterdir(), key=lambda folder: folder.name)
        if folder.is_dir() and not folder.name.startswith("_")
    }
    return "\n".join(
        [
            _USAGE,
            f"\ntasks (task=…): {', '.join(TASKS)}",
            "\nchoices (group=option):",
            *(f"  {group}: {', '.join(options)}" for group, options in choices.items()),
            "\nsettings (key=value):",
            OmegaConf.to_yaml(compose_tree(overrides)).rstrip(),
        ]
    )


def version_text() -> str:
    """Name and version of the package."""
    return f"jointprice {installed('jointprice')}"
