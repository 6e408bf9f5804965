"""A part of the page: a question's chart with its sentence, its table, its data and its SQL."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scripts.databases import Row
from scripts.report import words

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Key:
    """An entry of a chart's legend."""

    glyph: str
    """Name of a drawing in page.html.j2."""
    words: str


@dataclass(frozen=True)
class Part:
    """What the page, the Markdown and the tests know of a chart."""

    id: str
    title: str
    sentence: str
    """What the chart shows, in words; where there is no chart, why."""
    sql: str
    rows: list[Row]
    """What the SQL found, all of it; the CSV has the same."""
    titles: dict[str, str] = field(default_factory=dict)
    """The columns of the table and how they are headed."""
    chart: dict[str, Any] | None = None
    """A Vega-Lite specification whose data are inside; None where there is nothing to draw."""
    alt: str = ""
    key: tuple[Key, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cells(self) -> list[list[str]]:
        """The rows of the table, in words."""
        return [[cell(column, row[column]) for column in self.titles] for row in self.rows]

    @property
    def csv(self) -> str:
        """The rows as a file for spreadsheets: all digits, all columns.

        A text that a spreadsheet could take for a formula gets an apostrophe before it.
        """
        if not self.rows:
            return ""
        written = io.StringIO()
        writer = csv.writer(written)
        writer.writerow(self.rows[0])
        writer.writerows([_csv_value(value) for value in row.values()] for row in self.rows)
        return written.getvalue()


def cell(column: str, value: Any) -> str:
    """A value in words; the end of a column's name says its unit, as everywhere in prod."""
    if value is None:
        return words.NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if column.endswith("_seconds") or "_seconds_" in column:
        return words.seconds(value)
    if "rate" in column.split("_"):
        return words.percent(value)
    if column.endswith("_in_points"):
        return words.points(value / 100).removesuffix(" points")
    if column.endswith("_value") and isinstance(value, float):
        return words.probability(value)
    return words.count(value) if isinstance(value, int) else words.clean(str(value))


def is_text(column: str) -> bool:
    """Whether a column of a table holds words, to stand to the left."""
    return column.endswith("_name") or column in _TEXTS


_TEXTS = ("segment_value", "period", "destination", "reason", "verdict", "page", "measure")


def _csv_value(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return str(value).lower() if isinstance(value, bool) else value
