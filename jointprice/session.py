"""What every task shares: settings, the run directory, progress, the clock and the device. Not for any task's work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_io.errors import ConfigError
from data_io.write import RunDirectory
from jointprice.registry import TRACKERS, resolve
from jointprice.schema import Config, fingerprint
from jointprice.terminal import Progress
from jointprice.versions import versions

MANY_MAPS = 20_000  # memory maps, of the 65,530 that Linux gives a process; every compiled program takes some


@dataclass
class Session:
    """One run of one task; `given` are tables by name that go before the settings' paths."""

    config: Config
    directory: RunDirectory
    given: Mapping[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self):
        self.progress = Progress(self.config.quiet)
        self.tracker = tracker_of(self.config)
        ready_compiler()

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Any]:
        """A timed stage with progress; yields ``advance(steps, text)``."""
        begun = time.perf_counter()
        with self.progress.stage(name, total) as advance:
            yield advance
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def audit(self) -> dict[str, Any]:
        """What identifies the run: seed, device, versions, hash of the configuration."""
        import jax

        return {
            "task": self.config.task,
            "seed": self.config.seed,
            "device": str(jax.devices()[0]),
            "versions": versions(),
            "config_sha256": fingerprint(self.config),
        }

    def finish(self, summary: dict[str, Any]) -> dict[str, Any]:
        """Write summary.json with times and audit, then the manifest, last."""
        self.seconds["total"] = time.perf_counter() - self.started
        seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        summary = {"status": "done", **self.audit(), **summary, "seconds": seconds}
        self.directory.write_json("summary.json", summary)
        if self.tracker is not None:
            self.tracker(self.directory.folder, self.config, summary)
        self.directory.finish()
        return summary


def open_session(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> Session:
    """A session that writes to `output`."""
    return Session(config, RunDirectory(output), dict(given or {}))


def tracker_of(config: Config) -> Callable[..., None] | None:
    """What else keeps the run's figures. Raises ConfigError, before anything is done, where it is not installed."""
    if config.track == "none":
        return None
    try:
        return resolve(TRACKERS[config.track])
    except ModuleNotFoundError as error:
        raise ConfigError(f"track={config.track} needs {error.name}: pip install 'jointprice[track]'.") from None


def ready_compiler() -> None:
    """Keep compiled programs between runs (JOINTPRICE_CACHE names the folder, ``off`` keeps none); in memory few."""
    import jax

    forget_many_programs()
    place = os.environ.get("JOINTPRICE_CACHE") or str(
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jointprice"
    )
    if place != "off":
        jax.config.update("jax_compilation_cache_dir", place)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def forget_many_programs() -> None:
    """Compiled programs go from memory where they have become many: without memory maps LLVM ends the process."""
    import jax

    if _memory_maps() > MANY_MAPS:
        jax.clear_caches()


def _memory_maps() -> int:
    """Memory maps of this process; 0 where the system does not say."""
    maps = Path("/proc/self/maps")
    return maps.read_bytes().count(b"\n") if maps.exists() else 0
