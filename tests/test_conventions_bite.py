"""Break the conventions on a copy: the rule that holds one, and no other, names the file and the remedy."""

import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from scripts.conventions import __main__ as program
from scripts.conventions import findings
from scripts.conventions.project import Project
from scripts.conventions.tables import findings_in_tables
from tests.convention_breaks import FILES, STAFF, TABLES, Edit
from tests.worlds import PROJECT_DIR, World, copy_project


class Break(NamedTuple):
    """A name, the names of files or tables that it changes, how, and what is then found."""

    name: str
    touched: frozenset[str]
    changes: list[Any]
    expected: list[str]


def rounds_of(breaks: Iterable[Break]) -> list[list[Break]]:
    """Spread the breaks over few rounds, in each at most one per file or table: dbt and DuckDB take their time."""
    rounds: list[list[Break]] = []
    for each in breaks:
        for together in rounds:
            if all(each.touched.isdisjoint(other.touched) for other in together):
                together.append(each)
                break
        else:
            rounds.append([each])
    return rounds


def found_for_each(together: list[Break], found: list[str]) -> dict[str, list[str]]:
    """Return what was found for each break: all of it but what the others of its round must bring."""
    return {
        each.name: [
            text for text in found if all(text not in other.expected for other in together if other is not each)
        ]
        for each in together
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what the rules look at, in which they find nothing."""
    folder = copy_project(tmp_path_factory.mktemp("conventions"))
    (folder / "docs").mkdir()
    shutil.copy(PROJECT_DIR / "docs" / "semantics.md", folder / "docs")
    assert findings(Project(folder)) == []
    return folder


@contextmanager
def broken(folder: Path, edits: list[Edit]) -> Iterator[None]:
    """Change files, and make them again what they were."""
    before = {path: path.read_bytes() if path.exists() else None for path in (folder / edit.file for edit in edits)}
    for edit in edits:
        path = folder / edit.file
        path.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert edit.old in text, f"{edit.file} no longer has: {edit.old}"
        path.write_text(text.replace(edit.old, edit.new, 1) if edit.old else text + edit.new, encoding="utf-8")
    try:
        yield
    finally:
        for path, content in before.items():
            path.write_bytes(content) if content is not None else path.unlink()


@pytest.mark.parametrize(
    ("edit", "exit_code", "words"),
    [
        (Edit(STAFF, "-- One row per", "-- Rows of"), 1, "models/intermediate/staff_members.sql: line 1 does not say"),
        (Edit(STAFF, "ref('events')", "ref('nothing')"), 2, "dbt cannot read the project: "),
    ],
    ids=["broken", "unreadable"],
)
def test_lint_says_it_in_one_line(
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    edit: Edit,
    exit_code: int,
    words: str,
) -> None:
    monkeypatch.setattr(program, "PROJECT_DIR", copy)
    monkeypatch.setattr(sys, "argv", ["conventions"])
    with broken(copy, [edit]):
        assert program.main() == exit_code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(words)
    assert said.err.count("\n") == 1


@pytest.fixture(scope="module")
def found_in_files(copy: Path) -> dict[str, list[str]]:
    """Return for each break what the rules find on the copy."""
    breaks = [
        Break(name, frozenset(Path(edit.file).name for edit in edits), edits, found)
        for name, (edits, found) in FILES.items()
    ]
    found: dict[str, list[str]] = {}
    for together in reversed(rounds_of(breaks)):  # the first has the var: dbt reads all again after it
        with broken(copy, [edit for each in together for edit in each.changes]):
            lines = [re.sub(r"(?<=sql:)\d+(?=:)", "LINE", text) for text in findings(Project(copy))]
        found |= found_for_each(together, lines)
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_break_in_the_files_is_found(found_in_files: dict[str, list[str]], name: str) -> None:
    assert found_in_files[name] == FILES[name][1]


@pytest.fixture(scope="module")
def found_in_tables(committed: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return for each break what the rules find in a copy of the databases."""
    breaks = [
        Break(name, frozenset(re.findall(r"(?:prep|prod)\.\w+\.\w+", sql)), [sql], found)
        for name, (sql, found) in TABLES.items()
    ]
    project = Project(PROJECT_DIR)
    found: dict[str, list[str]] = {}
    for together in rounds_of(breaks):
        folder = tmp_path_factory.mktemp("tables")
        with duckdb.connect() as connection:
            for name in ("prep", "prod"):
                shutil.copy(committed.warehouse_dir / f"{name}.duckdb", folder)
                connection.execute(f"ATTACH '{folder / name}.duckdb' AS {name}")
            for each in together:
                connection.execute(each.changes[0])
        found |= found_for_each(together, findings_in_tables(project, folder, committed.people()))
    return found


@pytest.mark.parametrize("name", TABLES)
def test_a_break_in_the_tables_is_found(found_in_tables: dict[str, list[str]], name: str) -> None:
    assert found_in_tables[name] == TABLES[name][1]
