"""Check the seeds before dbt loads them, as it tells some mistakes in another place and others not at all.

To dbt a quote that nobody closes is one long cell, a misspelt column another column, and without a header the first
row is one.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import yaml

from scripts.sources import SourceError


def check_seeds(project_dir: Path) -> None:
    """Check that every seed is a CSV file with the columns and types that seeds.yml declares.

    Raises:
        SourceError: a line for each mistake, with its file, line and column.
    """
    seeds_dir = project_dir / "seeds"
    declared = yaml.safe_load((seeds_dir / "seeds.yml").read_text(encoding="utf-8"))["seeds"]
    problems = []
    for seed in declared:
        types = seed["config"]["column_types"]
        filled = {column["name"] for column in seed["columns"] if "not_null" in column.get("data_tests", [])}
        found = _problems(seeds_dir / f"{seed['name']}.csv", types, filled)
        problems += [f"seeds/{seed['name']}.csv{problem}" for problem in found]
    if problems:
        raise SourceError("\n".join(problems))


def _problems(path: Path, types: dict[str, str], filled: set[str]) -> Iterator[str]:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        yield f" cannot be read: {error.strerror}"
        return
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        yield f", line {line}: is not UTF-8, save the file as UTF-8"
        return
    rows, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        header = next(rows, [])
        if wrong := _wrong_columns(header, list(types)):
            yield f", line 1: {wrong}"
            return
        line = rows.line_num + 1
        for row in rows:
            for problem in _wrong_cells(header, row, types, filled):
                yield f", line {line}: {problem}"
            line = rows.line_num + 1
    except csv.Error as error:
        yield f", line {line}: a quote stands alone, close it or write it as two in a quoted cell ({error})"


def _wrong_columns(header: list[str], declared: list[str]) -> str:
    lists = {
        "missing columns: ": Counter(declared) - Counter(header),
        "unknown or repeated columns: ": Counter(header) - Counter(declared),
    }
    return "; ".join(what + ", ".join(names) for what, names in lists.items() if names)


def _wrong_cells(header: list[str], row: list[str], types: dict[str, str], filled: set[str]) -> Iterator[str]:
    if not row:  # an empty line
        return
    if len(row) != len(header):
        yield f"{len(row)} cells in place of {len(header)}"
        return
    for name, cell in zip(header, row, strict=True):
        is_legal, wanted = _TYPES[types[name]]
        if cell and not is_legal(cell):
            yield f"{name} is '{cell}', but must be {wanted}"
        elif not cell and name in filled:
            yield f"{name} is missing"


def _is_date(cell: str) -> bool:
    try:
        return bool(re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", cell) and date.fromisoformat(cell))
    except ValueError:
        return False


_TYPES: dict[str, tuple[Callable[[str], object], str]] = {
    "VARCHAR": (lambda _: True, "text"),
    "INTEGER": (lambda cell: re.fullmatch("-?[0-9]{1,9}", cell), "a whole number"),
    "BOOLEAN": (lambda cell: cell.lower() in ("true", "false"), "true or false"),
    "DATE": (_is_date, "a date such as 2026-01-31"),
}
