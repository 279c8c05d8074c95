"""Templates of the report's pages: no reference outside themselves, every text from data escaped. Not for numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jointprice.report.formats import Formats
from jointprice.session import Session
from jointprice.versions import versions

MOST_ROWS = 500  # of a table without scripts, and on paper
PAGE_ROWS = 100  # of one page of a table, with them
AUDIT = ("device", "config_sha256")  # what the summary gets when the session ends, unless it has it already


def page(template: str, session: Session, summary: dict[str, Any], formats: Formats, **context: Any) -> str:
    """The HTML of a template that extends layout.html.j2.

    Args:
        summary: as for summary.json, with or without what Session.finish adds.
    """
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= formats.filters()
    config = session.config
    told = dict.fromkeys(AUDIT) | {"status": "done", "task": config.task, "seed": config.seed} | summary
    usual = {"health": None, "currency": config.data.currency, "versions": versions()}
    usual |= {"most_rows": MOST_ROWS, "page_rows": PAGE_ROWS}
    return jinja.get_template(template).render(summary=told, **usual | context)


def reasons(notes: pd.Series) -> list[tuple[str, int]]:
    """Why offers are held, from their notes, and how many for each reason."""
    return list(notes.str.removeprefix("held: ").value_counts().items())
