"""The markets as a public test: they need nothing of the rest of jointprice, and their page keeps its word."""

import re
import subprocess
import sys
from pathlib import Path

from data_io.markets.catalogue import MARKETS
from data_io.markets.switches import WORDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "markets.md").read_text("utf-8")


def test_markets_and_oracle_import_none_of_the_rest():
    code = (
        "import sys, data_io.markets.catalogue, data_io.markets.oracle; print(*{m.split('.')[0] for m in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"numpy", "scipy", "data_io"} <= set(loaded.split())
    assert not {"jax", "flax", "hydra", "deap", "ensemble", "search", "jointprice"} & set(loaded.split())


def test_the_example_of_the_page_scores_an_engine(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    exec(code, {})
    assert re.fullmatch(
        r"share of the oracle 0\.\d{3} \(hold 0\.\d{3}\), captured [+-]\d+\.\d{3}\n", capsys.readouterr().out
    )


def test_the_page_names_every_market_variant_and_switch():
    names = [*MARKETS, *(variant for market in MARKETS.values() for variant in market.VARIANTS), *WORDS]
    assert [name for name in names if f"`{name}`" not in PAGE] == []
