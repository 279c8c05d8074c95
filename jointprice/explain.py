"""Hydra's and OmegaConf's errors in one readable message with the closest name. Not for errors of the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException, ValidationError

from data_io.errors import ConfigError
from jointprice.registry import did_you_mean
from jointprice.schema import Config

_OF_THE_SWEEP_EXTRA = {"tpe", "joblib"}  # hydra/sweeper=optuna itself is ours and asks for tpe
_KINDS = {"Integer": "a whole number", "Float": "a number", "bool": "true or false"}


def explain(error: Exception) -> ConfigError:
    """What the user should read about an error that arose while the configuration was composed."""
    if isinstance(error, MissingConfigException):
        return ConfigError(_missing_option(error))
    if isinstance(error, OverrideParseException):
        return ConfigError(
            f"cannot read the override {error.override!r}: {_first_line(error.message)}. Write key=value; a value "
            "with spaces or signs in its own quotes: 'data.date_format=\"%d/%m/%y %H:%M\"'."
        )
    cause = "" if error.__cause__ is None else f"\n{error.__cause__}"
    text = f"{error}{cause}"
    key = _key(text)
    if re.search(r"Key '.*' (is )?not in ", text):
        return ConfigError(
            f"there is no setting {key!r}{_place(text)}.{_closest_key(key)} `jointprice --help` lists all."
        )
    if "ValidationError" in text or ValidationError in (type(error), type(error.__cause__)):
        return ConfigError(f"{key}{_place(text)} {_wrong_type(text)}.")
    if "No trials are completed" in text:  # Optuna's word
        return ConfigError("no job of the sweep has a value to choose by; each told the reason above.")
    if isinstance(error, OmegaConfBaseException):
        return ConfigError(f"{key}: {_first_line(error)}.")
    return ConfigError(" ".join(line.strip() for line in str(error).splitlines() if line.strip()))


def _missing_option(error: MissingConfigException) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    options = sorted(error.options or ())
    if group.startswith(("hydra/sweeper", "hydra/launcher")) and option in _OF_THE_SWEEP_EXTRA:
        return f"{group}={option} needs the extra `sweep`: pip install 'jointprice[sweep]'."
    if not group or not options:
        return _first_line(error)
    return (
        f"{group} has no option {option!r}; there are {', '.join(options)}.{did_you_mean(option, options)} "
        f"(Options are files in conf/{group}/ or in the folder given by --config-dir.)"
    )


def _wrong_type(text: str) -> str:
    match = re.search(r"Value '(.*)' (?:of type '.*' could not be converted to|is not a valid) (\w+)", text, re.DOTALL)
    if match:
        return f"must be {_KINDS.get(match[2], match[2])}, not {match[1]!r}"
    if "not Optional" in text:
        return "needs a value, not null"
    reasons = [
        line for line in text.splitlines() if line and not line.startswith(("Error merging", "Could not", "To app"))
    ]
    return f"has the wrong type: {_first_line(reasons[0])}"


def _key(text: str) -> str:
    """The dotted key at fault; inside a list given on the command line OmegaConf knows only its end."""
    match = re.search(r"full_key: (\S+)", text)
    inner = re.sub(r"\[\d+\]", "", match[1]) if match else ""
    match = re.search(r"(?:Could not override|Error merging override) '?\+*([\w./@-]+)", text)
    outer = match[1] if match else ""
    if not inner or inner == outer or not outer:
        return inner or outer or "the configuration"
    return inner if inner.split(".")[0] == outer.split(".")[0] else f"{outer}.{inner}"


def _place(text: str) -> str:
    """The option file at fault, where Hydra names one."""
    match = re.match(r"In '(.+?)': ", text)
    return f" (in {match[1]}.yaml)" if match else ""


def _closest_key(key: str) -> str:
    keys = list(_keys(Config))
    same_end = [name for name in keys if name.rpartition(".")[2] == key.rpartition(".")[2]]
    if len(same_end) == 1:
        return f" Did you mean {same_end[0]!r}?"
    return did_you_mean(key, same_end or keys)


def _keys(schema: type, before: str = "") -> Iterator[str]:
    """Every dotted key of the schema, those of list items included."""
    types = get_type_hints(schema)
    for item in fields(schema):
        yield before + item.name
        for kind in (types[item.name], *get_args(types[item.name])):
            if is_dataclass(kind):
                yield from _keys(kind, f"{before}{item.name}.")


def _first_line(error: object) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".")
