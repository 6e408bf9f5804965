"""Read a page of the report as a browser without scripts would: its tables, sentences, data and SQL."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

_UNITS = {"": 1, "%": 0.01, "s": 1, "min": 60, "h": 3_600, "d": 86_400}


@dataclass
class Figure:
    """What the page holds of a part."""

    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    sentence: str = ""
    sql: str = ""
    csv: str = ""
    specification: dict[str, Any] = field(default_factory=dict)

    @property
    def csv_rows(self) -> list[dict[str, str]]:
        """The rows of the file that the page offers."""
        return list(csv.DictReader(io.StringIO(self.csv.removeprefix("\ufeff"))))

    def column(self, header: str) -> list[str]:
        """The cells under a header."""
        return [row[self.headers.index(header)] for row in self.rows]


class Reader(HTMLParser):
    """The figures by id, and all elements with their attributes."""

    def __init__(self, path: Path) -> None:
        """Read a page."""
        super().__init__()
        self.figures: dict[str, Figure] = {}
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._figure = Figure()
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    @property
    def text(self) -> str:
        """Everything that is read, in one line."""
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag not in ("meta", "link", "br", "img"):
            self._open.append((tag, attributes))
        if tag == "figure":
            self._figure = self.figures[attributes["id"]] = Figure()
        if tag == "tr":
            self._figure.rows.append([])
        if tag in ("th", "td"):
            self._figure.rows[-1].append("")
        if tag == "a" and "download" in attributes:
            self._figure.csv = unquote(attributes["href"].partition(",")[2])

    def handle_endtag(self, tag: str) -> None:
        """Close an element; the page closes each one itself."""
        assert self._open[-1][0] == tag, f"</{tag}> closes <{self._open[-1][0]}>"
        self._open.pop()
        if tag == "thead":
            self._figure.headers = self._figure.rows.pop()

    def handle_data(self, data: str) -> None:
        """Note a text."""
        tags = [tag for tag, _ in self._open]
        inner, attributes = self._open[-1] if self._open else ("", {})
        if inner == "script" and attributes.get("id", "").endswith("specification"):
            self._figure.specification = json.loads(data)
        if inner in ("script", "style"):
            return
        self.texts.append(data)
        if "th" in tags or "td" in tags:
            self._figure.rows[-1][-1] += data
        if attributes.get("class", "").startswith("says"):
            self._figure.sentence += data
        if "pre" in tags and "figure" in tags:
            self._figure.sql += data


def says(text: str, value: Any) -> bool:
    """Whether a text such as 95.6 %, 1 min 05 s or +1.2 is the value, as exactly as the text tells it."""
    if value is None or isinstance(value, str):
        return text == ("–" if value is None else value)
    if isinstance(value, bool):
        return text == ("yes" if value else "no")
    if hasattr(value, "isoformat"):
        return text == value.isoformat()
    if text == "< 0.001":
        return value < 0.001
    parts = re.findall(r"([\d,.]+) ?([a-z%]*)", text)
    if not parts:
        return False
    told = sum(float(digits.replace(",", "")) * _UNITS[unit] for digits, unit in parts)
    digits, unit = parts[-1]
    last_digit = _UNITS[unit] / 10 ** len(digits.partition(".")[2])
    if [unit for _, unit in parts] in (["h", "min"], ["d", "h"]):  # two units leave out the smaller ones
        last_digit = _UNITS[unit]
    return abs((-told if text.startswith("−") else told) - value) <= last_digit / 2 + 1e-9
