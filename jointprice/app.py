"""The command line: Hydra composes the configuration, one task runs, failures become exit codes.

Not for the tasks' work (jointprice.tasks) nor for the Python API (jointprice.api). Nothing here imports JAX, Flax,
pandas or Optuna, so that help and `--cfg job` answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from data_io.errors import ResourceError
from jointprice import failures, guard, registry, remaining, sweep
from jointprice.compose import to_settings
from jointprice.explain import explain
from jointprice.help import help_text, version_text
from jointprice.schema import register

register()  # on import: a worker process of a parallel launcher imports only this module
sweep.register()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2, 3, 4 or 130 (1 is a defect of ours)."""
    if arguments is not None:
        sys.argv[1:] = list(arguments)
    if "--version" in sys.argv[1:]:  # Hydra's parser would tell its own
        print(version_text())
        return 0
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises to us instead of printing and exiting with 1
    try:
        options = guard.check_command_line(sys.argv[1:])
        if options.help:
            print(help_text(options.overrides))
        else:
            _application()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BaseException as error:
        return _refuse(error)
    return 0


def execute(composed: DictConfig, output: Path, *, sweeping: bool = False) -> int:
    """Run the configured task in its run directory.

    Args:
        composed: Hydra's configuration without its own part.
        output: the run directory; it exists.
        sweeping: print one line without the table of changes, and keep a run that finished here before.

    Returns:
        The exit code; a failure is told on stderr and left in error.json.
    """
    from jointprice import terminal

    try:
        config = to_settings(composed)
        if sweeping and sweep.finished(output, config):
            print(f"{output.name}: finished before, kept", file=sys.stderr)
            return 0
        failures.clear(output)
        summary = registry.resolve(registry.TASKS[config.task])(config, output)
    except BaseException as error:
        failure = failures.describe(error)
        print(failures.text(error, failure, bool(composed.get("debug"))), file=sys.stderr)
        with suppress(ResourceError):  # a full disk must not hide the first failure
            failures.record(failure, output, composed.get("task"), composed.get("seed"))
        if not isinstance(error, Exception):
            raise SystemExit(failure.exit_code) from None
        return failure.exit_code
    terminal.show_result(summary, output, table=not sweeping)
    return 0


def _job(composed: DictConfig) -> float | None:
    """One job of Hydra. Returns the value of `sweep.metric` for the sweeper; None after a failure.

    A single run ends with its exit code at once. In a sweep a failure is left in the job's folder, so that the
    other jobs go on; the leaderboard ends the sweep with the worst exit code.
    """
    settings = HydraConfig.get()
    output = Path(settings.runtime.output_dir)
    if settings.mode != RunMode.MULTIRUN:
        raise SystemExit(execute(composed, output))
    print(f"job {settings.job.num}: {' '.join(settings.overrides.task)}", file=sys.stderr)
    code = execute(composed, output, sweeping=True)
    if told := remaining.of_sweep(output.parent):
        print(f"sweep: {told}", file=sys.stderr)
    if code:
        return None
    score = sweep.score(sweep.figures(output), composed.sweep.metric)
    if score is None:
        print(f"job {settings.job.num}: no value of sweep.metric={composed.sweep.metric}", file=sys.stderr)
    return score


_application = hydra.main(config_path="pkg://conf", config_name="config", version_base="1.3")(_job)


def _refuse(error: BaseException) -> int:
    """An error outside the tasks: nearly always one of the configuration."""
    debug = any(argument.lstrip("+") in ("debug=true", "debug=True") for argument in sys.argv[1:])
    composing = isinstance(error, HydraException | OmegaConfBaseException | ValueError)
    failure = failures.describe(explain(error) if composing else error)
    print(failures.text(error, failure, debug), file=sys.stderr)
    return failure.exit_code
