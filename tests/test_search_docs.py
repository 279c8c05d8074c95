"""docs/search.md keeps its word: its Python runs as written, and says what it says it would."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs" / "search.md").read_text("utf-8")


def test_the_python_of_the_page_runs_in_its_order_and_the_demand_with_an_index_gets_a_bound(capsys):
    names: dict = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    black_box, operators, front, indexed = (compile(block, "docs/search.md", "exec") for block in blocks)
    exec(black_box, names)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if "[" in line] == [
        "genetic",
        "gradient",
        "random",
    ]
    best, bound = names["found"].value, names["found"].bound
    assert bound is None
    exec(operators, names)
    assert 0 < names["found"].value <= names["genetic"].optimise(names["problem"], seed=0).value * (1 + 1e-6)
    exec(front, names)
    assert capsys.readouterr().out.count("front:") == 3
    assert names["found"].value >= best
    exec(indexed, names)
    found = names["found"]
    assert found.status == "done"
    assert 0 < found.value <= found.bound * 1.001
    assert found.gap < 0.01
