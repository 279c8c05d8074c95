"""What people see: progress on stderr, results on stdout. Not for files. Rich is imported when something is shown.

Rich honours NO_COLOR; where stderr is no terminal, progress is an occasional plain line.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from jointprice import remaining

SECONDS_BETWEEN_LINES = 10.0
LARGEST_CHANGES = 10
_PLAIN_WIDTH = 110  # of tables where stdout is no terminal


class Progress:
    """Stages of a task, told on stderr.

    ``with progress.stage("train", total=60) as advance: advance(1, "loss 1.24")``. A quiet one says nothing.
    """

    def __init__(self, quiet: bool = False, stream: TextIO | None = None):
        self.quiet = quiet
        self.stream = stream or sys.stderr

    def note(self, text: str) -> None:
        """One line, e.g. a warning about the data."""
        if not self.quiet:
            print(text, file=self.stream, flush=True)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[..., None]]:
        """A stage of `total` steps; yields ``advance(steps=1, text="")``."""
        if self.quiet:
            yield lambda steps=1, text="": None
        elif self.stream.isatty():
            yield from self._bar(name, total)
        else:
            yield from self._lines(name, total)

    def _lines(self, name: str, total: int | None) -> Iterator[Callable[..., None]]:
        begun = told = time.monotonic()
        done, first, since = 0, 0, begun  # the first step compiles: what is left is judged by those after it

        def advance(steps: int = 1, text: str = "") -> None:
            nonlocal done, told, first, since
            done += steps
            now = time.monotonic()
            if not first:
                first, since = done, now
            if now - told >= SECONDS_BETWEEN_LINES:
                told = now
                left = remaining.words(done - first, total and total - first, now - since)
                self.note(f"{name} {done}{'' if total is None else f'/{total}'} {text}{left and f' ({left})'}".rstrip())

        yield advance
        self.note(f"{name}: {time.monotonic() - begun:.1f} s")

    def _bar(self, name: str, total: int | None) -> Iterator[Callable[..., None]]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        columns += (TextColumn("left"), TimeRemainingColumn())
        with Bars(*columns, TextColumn("{task.fields[text]}"), console=Console(file=self.stream)) as bars:
            task = bars.add_task(name, total=total, text="")

            def advance(steps: int = 1, text: str = "") -> None:
                bars.update(task, advance=steps, text=text)

            yield advance
            if total is None:
                bars.update(task, total=1, completed=1)


def show_result(summary: dict, output: Path, *, table: bool = True) -> None:
    """Tell on stdout what a task found: one line, the largest changes (where prices were set), and where the files are.

    Args:
        summary: as in summary.json; keys that a task does not write are left out.
        output: the run directory.
        table: also the table of changes.
    """
    print(_headline(summary))
    if table and (output / "prices.csv").exists():
        columns = ("product", "store", "current", "price", "change", "units now", "units", "profit")
        _print_table(largest_changes(output / "prices.csv"), "largest price changes", columns)
    if table and (output / "markdown.csv").exists():
        columns = ("product", "store", "current", "price", "units", "left over", "money to the end", "over holding")
        _print_table(largest_markdowns(output / "markdown.csv"), "markdowns worth most", columns)
    for offer in summary.get("explanation") or ():
        print("\n".join(offer["words"]), end="\n\n")
    print(f"files: {_short(output)}")


def _headline(summary: dict) -> str:
    parts = [f"{summary.get('task', 'task')}: {summary.get('status', 'done')}"]
    if summary.get("period"):
        parts.append(f"period {summary['period']}")
    if data := summary.get("data"):
        parts.append(f"{data['rows']:,} rows: {data['series']:,} series × {data['periods']} {data['frequency']}s")
        parts.append(f"{data['first_period']} to {data['last_period']}")
        power = ", ".join(f"{count} {name}" for name, count in data["power"].items())
        parts.append(f"{data['offers']:,} offers to price · price response of the products: {power}")
    if forecast := summary.get("forecast"):
        parts.append(f"{forecast['rows']:,} rows, up to {forecast['last_period']}")
    if backtest := summary.get("backtest"):
        wape, naive = 100 * backtest["wape"], 100 * backtest["naive_wape"]
        parts.append(f"{backtest['rounds']} rounds, {backtest['rows']:,} rows")
        parts.append(f"WAPE {wape:.1f} % (last known units: {naive:.1f} %)")
    if offers := summary.get("offers"):
        parts.append(f"{offers['priced']} of {offers['total']} offers priced, {offers['held']} held")
    if markdown := summary.get("markdown"):
        parts.append(f"{markdown['marked_down']} marked down")
        parts.append(
            f"{markdown['money']:,.2f} to the season's end ({markdown['money_p10']:,.2f} to "
            f"{markdown['money_p90']:,.2f}), {markdown['left_over']:,.0f} units left over"
        )
    if promotions := summary.get("promotions"):
        parts.append(f"{promotions['deals']} deals for {promotions['offers']} offers")
        parts.append(f"{promotions['gain']:+,.2f} over {promotions['horizon']} periods in the model")
        parts += _promise(promotions["promised"])
    if deal := summary.get("spend_save"):
        parts += _basket_deal(deal)
    if objective := summary.get("objective"):
        parts.append(f"{objective['name']} {objective['current']:,.2f} -> {objective['recommended']:,.2f} in the model")
    parts += _promise((summary.get("uplift") or {}).get("promised") or {})
    if oracle := summary.get("oracle"):
        parts.append(
            f"{100 * oracle['share']:.1f} % of the oracle (holding prices: {100 * oracle['hold_share']:.1f} %)"
        )
    return " · ".join(parts)


def _basket_deal(deal: dict) -> list[str]:
    if deal["spend"] is None:
        return [f"none of {deal['deals']} deals pays"]
    gain = f"{deal['gain']:+,.2f} per {deal['per']} ({deal['given_away']:,.2f} given away)"
    return [f"spend {deal['spend']:,.2f}, save {deal['save']:,.2f}", gain, *_promise(deal["promised"])]


def _promise(promised: dict) -> list[str]:
    if promised.get("mean") is None:
        return []
    return [f"promised {promised['mean']:+,.2f} ({promised['p10']:+,.2f} to {promised['p90']:+,.2f})"]


def _print_table(rows: list[tuple[str, ...]], title: str, columns: tuple[str, ...]) -> None:
    """Columns from the third on are numbers."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        print("no price changes")
        return
    table = Table(title=f"{len(rows)} {title}", title_justify="left")
    for number, name in enumerate(columns):
        options = {"overflow": "fold"} if number < 2 else {"justify": "right", "no_wrap": True}
        table.add_column(name, **options)
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    Console(width=width, markup=False, highlight=False).print(table)


def largest_markdowns(path: Path) -> list[tuple[str, ...]]:
    """Of markdown.csv those marked down that are worth most more than holding, as texts."""
    with path.open(newline="", encoding="utf-8") as file:
        moved = [row for row in csv.DictReader(file) if row["status"] == "priced" and float(row["change_pct"])]
    gain = {id(row): float(row["worth"]) - float(row["worth_of_holding"]) for row in moved}
    return [
        (
            *(row[name] for name in ("product", "store", "current_price", "price")),
            *(f"{float(row[name]):,.1f}" for name in ("units", "left_over")),
            f"{float(row['money']):,.2f}",
            f"{gain[id(row)]:+,.2f}",
        )
        for row in sorted(moved, key=lambda row: -gain[id(row)])[:LARGEST_CHANGES]
    ]


def largest_changes(path: Path) -> list[tuple[str, ...]]:
    """The largest relative changes of prices.csv as texts; one row for all stores in which a product gets one price.

    Current prices that differ are a range, and the change is that of the price index: weighted by current units.
    """
    groups: dict[tuple[str, str], list[dict]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            groups.setdefault((row["product"], row["price"]), []).append(row)
    decimals = max((len(price.partition(".")[2]) for _, price in groups), default=0)
    moved = [rows for rows in groups.values() if any(float(row["change_pct"] or 0) for row in rows)]
    largest = sorted(moved, key=lambda rows: -abs(_change(rows)))[:LARGEST_CHANGES]
    return [
        (
            rows[0]["product"],
            rows[0]["store"] if len(rows) == 1 else f"{len(rows)} stores",
            _range([float(row["current_price"]) for row in rows], decimals),
            f"{float(rows[0]['price']):.{decimals}f}",
            f"{_change(rows):+.1%}".replace("%", " %"),
            _total(rows, "units_current", ",.1f"),
            _total(rows, "units", ",.1f"),
            _gain(rows),
        )
        for rows in largest
    ]


def _change(rows: list[dict]) -> float:
    """Σ q p / Σ q p_current - 1 with q the units at current prices, all alike where none are known."""
    weights = [float(row["units_current"] or 0) for row in rows]
    if not sum(weights):
        weights = [1.0] * len(rows)
    spent, before = (
        sum(weight * float(row[column]) for weight, row in zip(weights, rows, strict=True))
        for column in ("price", "current_price")
    )
    return spent / before - 1


def _range(prices: list[float], decimals: int) -> str:
    low, high = (f"{price:.{decimals}f}" for price in (min(prices), max(prices)))
    return low if low == high else f"{low}-{high}"


def _total(rows: list[dict], column: str, form: str) -> str:
    return format(sum(float(row[column] or 0) for row in rows), form)


def _gain(rows: list[dict]) -> str:
    if any(not row["profit"] or not row["profit_current"] for row in rows):
        return "–"  # without costs there is no profit
    return format(sum(float(row["profit"]) - float(row["profit_current"]) for row in rows), "+,.2f")


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
