"""Reads small YAML files written by users, safely. Not for Hydra's composition, only for what it must not swallow.

280 bytes of nested aliases can cost a minute and a gigabyte, so size, depth and aliases are checked on the event
stream, which builds no objects, before anything is constructed.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from data_io.errors import ConfigError

MAX_BYTES = 1 << 20
MAX_DEPTH = 40


def load_yaml(path: str | Path) -> object:
    """The content of a YAML file as plain lists, dicts, numbers and text.

    Raises:
        ConfigError: the file is missing, unreadable, too large, too deep, uses aliases or tags, or is no YAML.
    """
    return parse_yaml(read_small(path), str(path))


def read_small(path: str | Path) -> str:
    """The text of a file of at most MAX_BYTES. Errors as in load_yaml, but for what the text says."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}). Check the path.") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes. A configuration file is small; check the path.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error


def parse_yaml(text: str, name: str) -> object:
    """The content of YAML text; `name` stands in messages for where the text came from. Errors as in load_yaml."""
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES} characters.")
    try:
        _refuse_bombs(text, name)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or error
        raise ConfigError(f"{name}{line}: not valid YAML: {what}. Mend the line.") from error
    except ValueError as error:  # a date such as 2024-99-99
        raise ConfigError(f"{name}: not valid YAML: {error}. Put the value into quotes.") from error


def _refuse_bombs(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(f"{name}, line {line}: YAML aliases (*{event.anchor}) are refused. Write it out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ConfigError(f"{name}, line {line}: nested deeper than {MAX_DEPTH} levels.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
