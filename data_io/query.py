"""Safe yes-or-no queries on a table's columns, for exclusions and rules' scopes. Not for computing values."""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd

from data_io.errors import ConfigError

MAX_LENGTH = 1000
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod)
_ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.UAdd),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
    *(ast.BinOp, ast.BitAnd, ast.BitOr, *_ARITHMETIC, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple),
)


def select(frame: pd.DataFrame, expression: str, *, where: str) -> np.ndarray:
    """Rows of a table that match a query.

    Args:
        frame: [N] rows.
        expression: comparisons of columns, joined by and, or, not (or &, |, ~), ``in`` with lists, arithmetic.
        where: the setting it came from, for messages.

    Returns:
        [N] bool.

    Raises:
        ConfigError: the expression is malformed, uses anything else, names an unknown column, or is no yes or no.
    """

    def refuse(reason: str) -> ConfigError:
        return ConfigError(
            f"{where}: cannot use the query {expression!r}: {reason}. "
            f"The columns there are: {', '.join(map(str, frame.columns))}."
        )

    unknown = sorted(names(expression, where=where) - set(frame.columns))
    if unknown:
        raise refuse(f"there is no column {', '.join(unknown)} (texts need quotes)")
    try:
        result = frame.eval(expression.strip(), engine="python", parser="pandas")
    except Exception as error:  # pandas raises many kinds; all mean that the query does not fit the columns
        raise refuse(str(error)) from None
    answer = np.asarray(result)
    if answer.dtype != bool:
        raise refuse("it must compare something, so that the answer is yes or no for each row")
    return np.broadcast_to(answer, (len(frame),)).copy()


def names(expression: str, *, where: str) -> set[str]:
    """The columns that a query mentions; ConfigError where it uses more than `select` allows."""
    if not isinstance(expression, str) or len(expression) > MAX_LENGTH:
        raise ConfigError(f"{where}: a query is a text of at most {MAX_LENGTH} characters, got {expression!r:.80}.")
    try:
        nodes = list(ast.walk(ast.parse(expression.strip(), mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConfigError(f"{where}: cannot read the query {expression!r}; write e.g. category == 'milk'.") from None
    for node in nodes:
        if not isinstance(node, _ALLOWED) or _multiplies_texts(node):
            raise ConfigError(
                f"{where}: the query {expression!r} uses {type(node).__name__}, which is not allowed: compare columns "
                "with numbers, texts and lists, joined by and, or, not."
            )
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _multiplies_texts(node: ast.AST) -> bool:
    """'a' * 10**9 would fill the memory: arithmetic is for numbers."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, _ARITHMETIC)
        and any(
            isinstance(part, ast.List | ast.Tuple) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
            for part in ast.walk(node)
        )
    )
