"""What must not reach Hydra: YAML bombs, pickles, and Python paths to call. Not for checking settings' values.

Hydra calls whatever `_target_` (or logging's `()` and `class`) names and reads options from outside its folders when
they contain `..`; both are refused before anything is composed. Names to functions: see jointprice.registry.
"""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import yaml
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from data_io.errors import ConfigError
from data_io.yaml_text import parse_yaml, read_small
from jointprice.schema import Config

MAX_FILES = 1000  # also folders: a configuration folder is small, a home folder is not

_OWN_TARGETS = {
    "jointprice.leaderboard.Leaderboard",
    "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
    "hydra._internal.core_plugins.basic_sweeper.BasicSweeper",
}
# The last two are Optuna's: a Python path that it calls, and an address from which it may load pickles.
_CALLING_KEYS = {"_target_", "()", "class", "custom_search_space", "storage"}
_BUILDING = re.compile(r"\$\{\s*oc\.(decode|create)")  # text to keys: would hide all of the above
_CALLING_OVERRIDE = re.compile(r"_target_|\(\)\s*[:=]|(^|[.{,\s])(class|custom_search_space|storage)\s*[:=]")
_PLAIN_KEYS = {item.name for item in fields(Config) if not is_dataclass(item.default_factory)}


def check_command_line(arguments: Sequence[str]) -> Namespace:
    """Hydra's options of a command line whose options, overrides and configuration files are harmless.

    Raises:
        ConfigError: something is refused.
        SystemExit: an option is misspelt (2), or `--version` was answered (0).
    """
    options = get_args_parser().parse_args(list(arguments))
    if options.experimental_rerun is not None:
        raise ConfigError(
            "--experimental-rerun would load a pickle, which can run any code. Use the overrides instead."
        )
    if ".." in (options.config_name or ""):
        raise ConfigError(f"--config-name must be a name, not a path: {options.config_name!r}.")
    folders = []
    if options.config_dir is not None:
        folders.append(Path(options.config_dir))
    if options.config_path is not None:
        if not os.path.isabs(options.config_path):
            raise ConfigError(
                f"--config-path must be an absolute folder, not {options.config_path!r}; or --config-dir."
            )
        folders.append(Path(options.config_path))
    check_overrides(options.overrides)
    for folder in folders:
        _check_folder(folder)
    return options


def check_overrides(overrides: Sequence[str]) -> None:
    """Refuse overrides that name code or leave the configuration's folders, and check every file in those folders."""
    folders = [Path(str(files("conf")))]
    for override in overrides:
        key, _, value = override.lstrip("+~").partition("=")
        if _CALLING_OVERRIDE.search(override) or _BUILDING.search(override):
            raise ConfigError(f"{override!r}: configuration may not name code to call. Choose by registered names.")
        if "." not in key and key not in _PLAIN_KEYS and ".." in value:
            raise ConfigError(f"{override!r}: an option is a name, not a path. Add its folder with --config-dir.")
        if key == "hydra.searchpath":
            folders += _search_path(override)
    for folder in folders:
        _check_folder(folder)


def check_file(path: Path) -> None:
    """Refuse one YAML file that is too large, uses aliases, names foreign code or refers outside its folder."""
    _check_text(read_small(path), path)


@lru_cache(MAX_FILES)  # a sweep composes once for every job
def _check_text(text: str, path: Path) -> None:
    parse_yaml(text, str(path))  # limits first: the walk below may then trust size and depth
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None:
        return
    if any(_BUILDING.search(scalar) for scalar in _scalars(root)):
        raise ConfigError(f"{path}: ${{oc.decode:…}} and ${{oc.create:…}} are refused. Write the value out.")
    for key, value in _pairs(root):
        line = f"{path}, line {value.start_mark.line + 1}"
        if key in _CALLING_KEYS and str(value.value) not in _OWN_TARGETS:
            raise ConfigError(
                f"{line}: {key}: {value.value!r} names foreign code to call; only jointprice's own is allowed. "
                "Choose by registered names instead."
            )
        if key in ("params", "search_space") and any("hydra" in name for name, _ in _pairs(value)):
            raise ConfigError(f"{line}: {key} may sweep settings of jointprice, not of Hydra.")
        if key == "searchpath":
            raise ConfigError(f"{line}: searchpath is refused in files. Give the folder by --config-dir.")
        if key == "defaults" and any(".." in scalar for scalar in _scalars(value)):
            raise ConfigError(f"{line}: an entry of defaults leaves its folder ('..'). Name options only.")


def _check_folder(folder: Path) -> None:
    seen = 0
    for place, _, names in os.walk(folder, followlinks=True):
        chosen = [name for name in names if name.endswith((".yaml", ".yml"))]
        seen += 1 + len(chosen)
        if seen > MAX_FILES:
            raise ConfigError(
                f"{folder}: more than {MAX_FILES} files and folders. Name the configuration's own folder."
            )
        for name in chosen:
            check_file(Path(place, name))


def _search_path(override: str) -> list[Path]:
    try:
        entries = OverridesParser.create().parse_override(override).value()
    except HydraException:
        return []  # Hydra refuses it in a moment, with its own words
    folders = []
    for entry in entries if isinstance(entries, list) else [entries]:
        address = urlparse(str(entry))
        if address.scheme not in ("", "file"):
            raise ConfigError(f"hydra.searchpath: {str(entry)!r} is no folder. Give folders as file://PATH.")
        folders.append(Path(url2pathname(address.path) if address.scheme else str(entry)))
    return folders


def _pairs(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Every key and its value, at any depth."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value
            yield from _pairs(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _pairs(item)


def _scalars(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
    for item in node.value if isinstance(node, yaml.CollectionNode) else ():
        for part in item if isinstance(item, tuple) else (item,):
            yield from _scalars(part)
