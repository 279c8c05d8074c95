"""How fast is the ensemble, in which form, and how far from what the machine can do?

    python -m benchmarks.ensemble --series 96,913,5000 --members 1,8 --precision float32

Forms of running members: `engine` (what ensemble.forms chooses; the search has none), `vmap`, `loop` (a compiled
member, called K times), `blocks of n` (members in one program, n at once). Inference also varies the series of a bin,
the search's candidates their block. All forms of one size are timed in turns; figures are medians. The limits are the
fastest FLOP/s of a matrix product and bytes/s of a copy in the same run; the share is that of the nearer one, for the
operations as written and the bytes that must move.
Writes benchmarks/results/ensemble_DEVICE.json. Not a test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from benchmarks import ensemble_work
from benchmarks.ensemble_work import CANDIDATES, Work
from benchmarks.record import RESULTS, save
from ensemble.predict import BIN_SERIES
from jointprice.session import ready_compiler

PRECISIONS = {"float32": "float32", "tf32": "tensorfloat32", "bf16": "bfloat16"}
WORTH_TELLING = 0.1  # a form that is this much faster than vmap
LEAST_SECONDS, MOST_REPEATS = 1.0, 50
UNITS = {"training": "epochs", "inference": "rows", "candidates": "candidates"}
MANY = 10_000  # series from which one must ask twice: memory and minutes


def vmapped(work: Work) -> Callable[[], Any]:
    """All members at once."""
    return _call(jax.vmap(work.one, in_axes=(0, *[None] * len(work.shared))), work)


def looped(work: Work) -> Callable[[], Any]:
    """One compiled member, called once for each."""
    members = len(jax.tree.leaves(work.own)[0])
    own = [jax.tree.map(lambda leaf, number=number: leaf[number], work.own) for number in range(members)]
    one = jax.jit(work.one)
    return lambda: [one(mine, *work.shared) for mine in own]


def in_blocks(work: Work, size: int) -> Callable[[], Any]:
    """`size` members at once, the blocks one after the other in one program."""
    return _call(lambda own, *shared: jax.lax.map(lambda mine: work.one(mine, *shared), own, batch_size=size), work)


def _call(function: Callable[..., Any], work: Work) -> Callable[[], Any]:
    compiled = jax.jit(function)
    return lambda: compiled(work.own, *work.shared)


def forms(name: str, body: str, head: str, members: int, series: int) -> dict[str, tuple[Work, Callable[[], Any]]]:
    """The forms to compare; of one member there are only those that do not divide members."""
    make = partial(getattr(ensemble_work, name), body, head, members, series)
    work = make()
    found = {"vmap": (work, vmapped(work))}
    if work.engine:
        found["engine"] = (work, work.engine)
    if members > 1:
        found["loop"] = (work, looped(work))
        found |= {f"blocks of {size}": (work, in_blocks(work, size)) for size in (1, 4) if size < members}
    if name == "inference":
        others = {f"vmap, bins of {size} series": make(size) for size in (BIN_SERIES // 4, BIN_SERIES * 4)}
        found |= {form: (other, vmapped(other)) for form, other in others.items()}
    if name == "candidates":
        other = make(CANDIDATES // 8)
        found[f"vmap, {CANDIDATES // 8} candidates at once"] = (other, vmapped(other))
        if members > 1:
            found[f"blocks of 1, {CANDIDATES // 8} candidates at once"] = (other, in_blocks(other, 1))
    return found


def timed(calls: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each call, ascending, taken in turns after a first one that compiles; short ones are repeated more."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(MOST_REPEATS):
        if turn > repeats and sum(map(sum, seconds.values())) > LEAST_SECONDS:
            break
        for name, call in calls.items():
            started = time.perf_counter()
            jax.block_until_ready(call())
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return {name: sorted(found) for name, found in seconds.items()}


def limits(repeats: int) -> dict[str, float]:
    """What the machine reaches: FLOP/s of a matrix product and bytes/s of a copy."""
    side = 2048 if jax.default_backend() == "cpu" else 8192
    square, flat = jnp.ones((side, side)), jnp.ones(2**26)
    multiply, copy = jax.jit(jnp.matmul), jax.jit(lambda values: values + 1)
    found = timed({"multiply": lambda: multiply(square, square), "copy": lambda: copy(flat)}, repeats)
    return {
        "flops_per_second": 2 * side**3 / found["multiply"][0],
        "bytes_per_second": 2 * flat.nbytes / found["copy"][0],
    }


def measure(
    works: list[str], groups: list[tuple[str, str]], members: list[int], sizes: list[int], limit: dict, repeats: int
) -> Iterator[dict]:
    """One row per work, group, size, number of members and form."""
    for name in works:
        for body, head in groups:
            for series in sizes:
                for count in members:
                    compared = forms(name, body, head, count, series)
                    found = timed({form: call for form, (_, call) in compared.items()}, repeats)
                    seconds = {form: float(np.median(taken)) for form, taken in found.items()}
                    print(f"{name} {body}-{head}, {series} series, {count} members", file=sys.stderr, flush=True)
                    for form, (work, _) in compared.items():
                        ideal = {
                            "flops": work.flops / limit["flops_per_second"],
                            "bytes": work.traffic / limit["bytes_per_second"],
                        }
                        nearer = max(ideal, key=ideal.get)
                        yield {
                            "work": name,
                            "group": f"{body}-{head}",
                            "series": series,
                            "members": count,
                            "form": form,
                            "seconds": seconds[form],
                            "per_second": work.amount / seconds[form],
                            "unit": UNITS[name],
                            "over_vmap": seconds[form] / seconds["vmap"],
                            "share_of_limit": ideal[nearer] / seconds[form],
                            "limit": nearer,
                        }


def findings(rows: list[dict]) -> list[str]:
    """Forms that beat vmap, the engine against the best other form, and what many members cost it against one, in
    sentences."""
    table = pd.DataFrame(rows)
    told = [
        f"{row.work} {row.group}, {row.series} series, {row.members} members: {row.form} takes {row.over_vmap:.2f} of "
        "vmap's time"
        for row in table[table["over_vmap"] < 1 - WORTH_TELLING].itertuples()
    ]
    keys = ["work", "group", "series", "members"]
    engine = table[table["form"] == "engine"].set_index(keys)["seconds"]
    best = table[table["form"] != "engine"].groupby(keys)["seconds"].min()
    for (work, group, series, members), seconds in engine.items():
        case = f"{work} {group}, {series} series"
        over = seconds / best[work, group, series, members]
        told.append(f"{case}, {members} members: engine takes {over:.2f} of the best other form's")
        if work == "training" and members > 1 and (work, group, series, 1) in engine.index:
            told.append(f"{case}: {members} members take {seconds / engine[work, group, series, 1]:.2f} times one's")
    return told


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(",")]

    parser.add_argument("--works", default=",".join(UNITS), help="what to time")
    parser.add_argument("--groups", default="mlp-elasticity,cnn-attraction", help="BODY-HEAD,…")
    parser.add_argument("--series", type=numbers, default=[96, 913, 5000])
    parser.add_argument("--members", type=numbers, default=[1, 8])
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of matrix products, on a GPU")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--large", action="store_true", help=f"allow {MANY:,} series and more")
    parser.add_argument("--out", type=Path)
    found = parser.parse_args(arguments)
    found.works = found.works.split(",")
    if unknown := [name for name in found.works if name not in UNITS]:
        parser.error(f"--works {unknown[0]}: choose of {', '.join(UNITS)}")
    found.groups = [tuple(group.split("-")) for group in found.groups.split(",")]
    if max(found.series) >= MANY and not found.large:
        parser.error(f"--series {max(found.series)}: add --large, and expect minutes and gigabytes")
    return found


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    device = jax.default_backend()
    ready_compiler()
    with jax.default_matmul_precision(PRECISIONS[asked.precision]):
        limit = limits(asked.repeats)
        rows = list(measure(asked.works, asked.groups, asked.members, asked.series, limit, asked.repeats))
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.4g}".format))
    print("limits: {flops_per_second:.3g} FLOP/s, {bytes_per_second:.3g} bytes/s".format(**limit))
    notes = findings(rows)
    if device == "cpu":
        notes.append("not measured on a GPU")
    print("\n".join(notes))
    out = asked.out or RESULTS / f"ensemble_{device}.json"
    save(out, {**vars(asked), "out": out.name}, limits=limit, findings=notes, table=rows)


if __name__ == "__main__":
    main()
