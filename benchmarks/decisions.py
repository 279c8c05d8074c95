"""How good are the prices? Methods scored on markets whose truth is known, against the oracle under the same rules.

    python -m benchmarks.decisions --markets loglog:exogenous,logit:strong --methods hold,ols_markup --seeds 10 \\
        --method "default:" --method "vote:aggregation=vote" --out benchmarks/results/decisions_vote.json

--method NAME:OVERRIDES is jointprice with these overrides. The plain neural ensemble, price as any other input and
no structural response, is
--method "mlp:response=networks ensemble.groups=[{body:mlp,head:free}] ensemble.members=8 aggregation=mean".
--rules default asks for prices under jointprice's default rules (bounds, at most 15 % change, price index, observed
range), and judges by the best under these; --rules bounds,default does both with one trained model. Simple methods
know no rules: there they search within what single prices are allowed, then move each category into the index's band
(benchmarks.decision_rules says how, and what `broken` means). Every finished cell is appended to a .jsonl file beside
--out; a second call does only what is missing or failed. Cells know their overrides, not the version of the code:
delete the .jsonl file after a change of the code. Not a test: nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from benchmarks.decision_methods import SIMPLE, Decision, jointprice
from benchmarks.decision_rules import RULE_SETS, Allowed
from benchmarks.record import RESULTS, finished, keep, save
from data_io.markets.catalogue import MARKETS, ON_REAL_PATHS, make_market
from data_io.markets.types import Market

JUICE = Path(__file__).parents[2] / "shared" / "data" / "orange_juice"
BASE = ("data=synthetic", "search.scope=store_product")
CELLS_IN_MEMORY = 20
WORTH_MOVING = 0.02  # promises are compared where the oracle gains at least this share
KEY = ("market", "variant", "seed", "rules", "method", "overrides")
Cell = dict[str, Any]


@dataclass
class Case:
    """One market to price; it and, per rule set, its oracle are drawn when first needed."""

    name: str
    variant: str
    seed: int
    folder: str | None

    @cached_property
    def market(self) -> Market:
        return make_market(self.name, self.variant, self.seed, self.folder)

    @cached_property
    def allowed(self) -> dict[str, Allowed]:
        """By rule set."""
        return {name: Allowed(self.market, name, self.overrides(name)) for name in RULE_SETS}

    def overrides(self, rules: str) -> list[str]:
        """What jointprice is asked, before a method's own overrides."""
        folder = [f"data.folder='{self.folder}'"] if self.name in ON_REAL_PATHS else []
        market = (f"data.market={self.name}", f"data.variant={self.variant}", f"data.market_seed={self.seed}")
        return [*BASE, f"rules={rules}", *market, *folder]


def score(market: Market, best: float, decision: Decision) -> Cell:
    """share, captured, promised and realised gain, error of own elasticities; `best` is the oracle's profit."""
    ours, hold = (float(market.profit(prices)) for prices in (decision.prices, market.hold))
    return {
        "share": ours / best,
        "captured": (ours - hold) / (best - hold),
        "promised": decision.promised,
        "realised": ours - hold,
        "oracle_uplift": best / hold - 1,
        "in_model": decision.in_model,
        "covered": decision.interval and decision.interval[0] <= ours - hold <= decision.interval[1],
        **_elasticity_errors(market, decision),
    }


def _elasticity_errors(market: Market, decision: Decision) -> Cell:
    """RMSE over all products, over those called identified, and the share of these."""
    if decision.elasticity is None:
        return dict.fromkeys(("elasticity_rmse", "rmse_identified", "identified"))
    square = (decision.elasticity - market.own_elasticity()) ** 2
    called = np.ones(len(square), bool) if decision.identified is None else decision.identified
    return {
        "elasticity_rmse": float(np.sqrt(np.nanmean(square))),
        "rmse_identified": float(np.sqrt(np.nanmean(square[called]))) if called.any() else None,
        "identified": float(called.mean()),
    }


def run(case: Case, rules: str, decide: Callable[[Case, str], Decision]) -> Cell:
    """One cell; whatever a method raises is recorded instead of its score. Drawing the market is not timed."""
    try:
        allowed = case.allowed[rules]
        best, started = allowed.best, time.perf_counter()
        decision = decide(case, rules)
        seconds = time.perf_counter() - started
        scored = score(case.market, best, decision)
        return {"status": "done", **scored, "broken": allowed.broken(decision.prices), "seconds": round(seconds, 2)}
    except Exception as error:
        return {"status": "failed", "error": f"{type(error).__name__}: {error}"[:500]}


def measure(
    cases: list[Case],
    methods: dict[str, tuple[str, ...] | None],
    kept: Path,
    rules: Sequence[str] = RULE_SETS[:1],
) -> Iterator[Cell]:
    """Every case by every method under every rule set, from `kept` where it is done there; what is new is appended.

    Args:
        methods: name -> overrides of jointprice, or None for one of SIMPLE.
    """
    done = {_key(cell): cell for cell in finished(kept) if cell["status"] == "done"}
    measured = 0
    for case in cases:
        for (name, overrides), rule_set in product(methods.items(), rules):  # rules last: they share a trained model
            told = (case.name, case.variant, case.seed, rule_set, name, overrides and list(overrides))
            cell = dict(zip(KEY, told, strict=True))
            if _key(cell) not in done:
                cell |= run(case, rule_set, _method(name, overrides))
                measured += 1
                if measured % CELLS_IN_MEMORY == 0:
                    jax.clear_caches()  # compiled programs fill a process's memory maps
                keep(kept, cell)
                done[_key(cell)] = cell
                print(_line(cell), file=sys.stderr, flush=True)
            yield done[_key(cell)]


def table(cells: list[Cell]) -> pd.DataFrame:
    """One row per market, variant, rule set and method: means over the seeds, the standard error, the worst seed."""
    rows = []
    by = ["market", "variant", "rules", "method"]
    for (market, variant, rules, method), all_seeds in pd.DataFrame(cells).groupby(by, sort=False):
        row = {"market": f"{market}:{variant}", "rules": rules, "method": method}
        group = all_seeds[all_seeds["status"] == "done"]
        row |= {"seeds": len(group), "failed": len(all_seeds) - len(group)}
        if len(group):
            share = group["share"]
            worth = group[(group["oracle_uplift"] >= WORTH_MOVING) & group["promised"].notna()]
            realised = worth["realised"].sum()
            row |= {
                "share": share.mean(),
                "error": share.std() / np.sqrt(len(share)),
                "worst": share.min(),
                "captured": group["captured"].mean(),
                "promised_over_realised": worth["promised"].sum() / realised if realised else np.nan,
                "uncorrected": worth["in_model"].astype(float).sum(min_count=1) / realised if realised else np.nan,
                "covered": group["covered"].astype(float).mean(),
                **{
                    name: group[name].astype(float).mean()
                    for name in ("elasticity_rmse", "rmse_identified", "identified")
                },
                "below_hold": int((group["captured"] < 0).sum()),
                "broken": group["broken"].max(),
                "seconds": group["seconds"].mean(),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _method(name: str, overrides: tuple[str, ...] | None) -> Callable[[Case, str], Decision]:
    if overrides is None:
        return lambda case, rules: case.allowed[rules].kept(SIMPLE[name](case.allowed[rules].narrowed))
    return lambda case, rules: jointprice(case.market, [*case.overrides(rules), *overrides])


def _key(cell: Cell) -> str:
    return json.dumps([cell[name] for name in KEY])


def _line(cell: Cell) -> str:
    told = f"share {cell['share']:.3f} in {cell['seconds']:.1f} s" if cell["status"] == "done" else cell["error"]
    return f"{cell['market']}:{cell['variant']} seed {cell['seed']} {cell['rules']} {cell['method']}: {told}"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with `markets` as pairs, `seeds` as numbers and `methods` as a dict for `measure`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", default="loglog:exogenous", help="NAME[:VARIANT],…")
    parser.add_argument("--methods", default="hold", help=f"of {', '.join(SIMPLE)}; may be empty")
    parser.add_argument("--method", action="append", default=[], metavar="NAME:OVERRIDES")
    parser.add_argument("--rules", default=RULE_SETS[0], help=f"of {', '.join(RULE_SETS)}; both by a comma")
    parser.add_argument("--seeds", default="10", help="how many, or a list: 3,5,8; of one: 3,")
    parser.add_argument("--folder", default=str(JUICE), help="the orange-juice table, for the market nested")
    parser.add_argument("--out", type=Path, default=RESULTS / "decisions.json")
    found = parser.parse_args(arguments)
    simple = [name for name in found.methods.split(",") if name]
    if unknown := [name for name in simple if name not in SIMPLE]:
        parser.error(f"--methods {unknown[0]}: choose of {', '.join(SIMPLE)}, or add --method NAME:OVERRIDES")
    named = [text.partition(":") for text in found.method]
    if unnamed := [text for text, (name, colon, _) in zip(found.method, named, strict=True) if not (name and colon)]:
        parser.error(f"--method {unnamed[0]!r}: give NAME:OVERRIDES")
    found.methods = dict.fromkeys(simple) | {name: tuple(shlex.split(overrides)) for name, _, overrides in named}
    if not found.methods:
        parser.error("nothing to measure: name --methods or --method")
    found.rules = found.rules.split(",")
    if unknown := [name for name in found.rules if name not in RULE_SETS]:
        parser.error(f"--rules {unknown[0]}: choose of {', '.join(RULE_SETS)}")
    found.markets = [text.partition(":")[::2] for text in found.markets.split(",")]
    if unknown := [name for name, _ in found.markets if name not in MARKETS]:
        parser.error(f"--markets {unknown[0]}: choose of {', '.join(MARKETS)}")
    found.markets = [(name, variant or next(iter(MARKETS[name].VARIANTS))) for name, variant in found.markets]
    if "," in found.seeds:
        found.seeds = [int(seed) for seed in found.seeds.split(",") if seed]
    else:
        found.seeds = [*range(int(found.seeds))]
    return found


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    cases = [Case(*market, seed, asked.folder) for seed in asked.seeds for market in asked.markets]
    cells = list(measure(cases, asked.methods, asked.out.with_suffix(".jsonl"), asked.rules))
    result = table(cells)
    print(result.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    rows = json.loads(result.to_json(orient="records"))
    save(asked.out, {**vars(asked), "out": asked.out.name, "folder": None}, table=rows, cells=cells)


if __name__ == "__main__":
    main()
