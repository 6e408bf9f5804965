"""Folders, files and machines that cannot be used are refused in one line; what was there before stays."""

import gzip
import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from tests.bad_input import allow_all, assert_refused, contents, full_disk, obey_permissions, run
from tests.test_import_tsv import line
from tests.worlds import World, run_build

Limit = Callable[[], None]
Place = Callable[[Path], object]


def nothing(folder: Path) -> None:
    """Leave the place as it is."""


class Case(NamedTuple):
    """What is done to a place and asked of a program, and how it refuses."""

    words: str
    place: Place = nothing
    """What is done to the folder that is written to."""
    give: Place = nothing
    """What is made at the path that is read."""
    limit: Limit = obey_permissions
    code: int = 2


@pytest.fixture(autouse=True)
def removable(tmp_path: Path) -> Iterator[None]:
    """Give the folder back the permissions that tests take."""
    yield
    allow_all(tmp_path)


# --- Building ------------------------------------------------------------------------------------------------------


def become_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def read_only(folder: Path) -> None:
    folder.chmod(0o555)


def a_folder_named(name: str) -> Place:
    """Put a folder in the place of a file."""

    def place(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return place


def without_lock(folder: Path) -> None:
    (folder / ".lock").unlink()
    read_only(folder)


MEMORY, LOG, BELOW = {"MEMORY_LIMIT": "8MB"}, {"DBT_LOG_PATH": "/dev/null/logs"}, {"WAREHOUSE_DIR": "{warehouse}/below"}
BUILDS: dict[str, tuple[Case, dict[str, str]]] = {
    "a file for the folder": (Case("warehouse cannot be written: File exists", become_a_file), {}),
    "a file above the folder": (Case("warehouse/below cannot be written: Not a directory", become_a_file), BELOW),
    "a folder that may only be read": (Case("warehouse cannot be written: Permission denied", read_only), {}),
    "the same for the first time": (Case("warehouse cannot be written: Permission denied", without_lock), {}),
    "a folder for the lock": (Case("warehouse cannot be written: Is a directory", a_folder_named(".lock")), {}),
    "a folder for a database": (Case("prod.duckdb is a folder", a_folder_named("prod.duckdb")), {}),
    "a full disk": (Case("the disk is full, free some room (", limit=full_disk(6_000_000)), {}),
    "too little memory": (Case("there is too little memory, raise MEMORY_LIMIT"), MEMORY),
    "no amount of memory": (
        Case("MEMORY_LIMIT=plenty is no amount of memory, such as 4GB"),
        {"MEMORY_LIMIT": "plenty"},
    ),
    "no place for dbt's log": (Case("dbt could not start the build: /dev/null/logs: Not a directory", code=1), LOG),
}


@pytest.mark.parametrize("case", BUILDS)
def test_a_build_that_has_no_place_gets_one_line_and_changes_nothing(
    committed: World, tmp_path: Path, case: str
) -> None:
    given, variables = BUILDS[case]
    warehouse_dir = shutil.copytree(committed.warehouse_dir, tmp_path / "warehouse")
    shutil.copytree(committed.warehouse_dir.parent / "target", tmp_path / "target")
    given.place(warehouse_dir)
    before = contents(warehouse_dir)
    values = {name: value.format(warehouse=warehouse_dir) for name, value in variables.items()}

    outcome = run_build(committed.data_dir, warehouse_dir, limit=given.limit, **{"FULL": 1, **values})

    assert_refused(outcome, given.words, code=given.code)
    assert contents(warehouse_dir) == before


# --- Reading the tables ----------------------------------------------------------------------------------------------


def newer_version(database: Path) -> None:
    """Say that the file is of a DuckDB to come, with the checksum that it would have."""
    header = bytearray(database.read_bytes()[:4096])
    header[12:20] = struct.pack("<Q", 200)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", header[8:]):
        checksum ^= word * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
    header[:8] = struct.pack("<Q", checksum)
    with database.open("r+b") as file:
        file.write(header)


def of_something_else(database: Path) -> None:
    database.unlink()
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS number")


def cut_off(database: Path) -> None:
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])


def as_a_folder(database: Path) -> None:
    database.unlink()
    database.mkdir()


DATABASES: dict[str, tuple[Place, str]] = {
    "missing": (Path.unlink, "is not there: run `make build` first"),
    "a folder": (as_a_folder, "is a folder, move it away: run `make build` first"),
    "empty": (lambda database: database.write_bytes(b""), "run `make build` again (IO Error: "),
    "no database": (lambda database: database.write_text("text" * 2000), "run `make build` again (IO Error: "),
    "cut off": (cut_off, "run `make build` again ("),
    "of a newer DuckDB": (newer_version, "run `make build` again (IO Error: Trying to read a database file with "),
    "forbidden": (lambda database: database.chmod(0), "cannot be read: Permission denied"),
    "of something else": (of_something_else, ": run `make build` first|run `make build` again (Catalog Error: "),
    "being written": (
        lambda database: duckdb.connect(str(database)),
        f"is being written by another program (PID {os.getpid()}): close it there",
    ),
}


@pytest.mark.parametrize("program", ["answers", "report", "export"])
@pytest.mark.parametrize("case", DATABASES)
def test_a_database_that_cannot_be_read_gets_one_line(tmp_path: Path, program: str, case: str) -> None:
    spoil, words = DATABASES[case]
    database = tmp_path / "prod.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE SCHEMA product")
        connection.execute("CREATE TABLE product.funnel_entries AS SELECT RANDOM() AS number FROM RANGE(200000)")
    out = tmp_path / "out"
    shutil.copytree(tmp_path, out / "parquet", ignore=lambda *_: [database.name])  # what an export before has left
    before = contents(out)
    opened = spoil(database)

    outcome = run(f"scripts.{program}", WAREHOUSE_DIR=tmp_path, OUT=out / "report.html", EXPORT_DIR=out)

    if isinstance(opened, duckdb.DuckDBPyConnection):
        opened.close()
    assert_refused(outcome, f"{database} ")
    assert any(word in outcome.stderr for word in words.split("|"))
    assert contents(out) == before


# --- Writing beside the tables -------------------------------------------------------------------------------------

OUTS: dict[str, tuple[str, Case]] = {
    "a page in a folder that may only be read": (
        "report",
        Case("page.html cannot be written: Permission denied", read_only),
    ),
    "a page on a full disk": ("report", Case("page.html cannot be written: File too large", limit=full_disk(100_000))),
    "an export on a file": ("export", Case("out cannot be written: Not a directory", become_a_file)),
    "an export to a folder that may only be read": (
        "export",
        Case("out cannot be written: Permission denied", read_only),
    ),
    "an export to a full disk": ("export", Case("out cannot be written: File too large\n", limit=full_disk(20_000))),
}


@pytest.mark.parametrize("case", OUTS)
def test_what_cannot_be_written_gets_one_line_and_changes_nothing(committed: World, tmp_path: Path, case: str) -> None:
    program, given = OUTS[case]
    out = tmp_path / "out"
    for name in ("page.html", "parquet/mine.parquet", "csv/mine.csv"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("what was written before", encoding="utf-8")
    given.place(out)
    before = contents(tmp_path)
    outs = {"OUT": out / "page.html", "EXPORT_DIR": out}

    outcome = run(f"scripts.{program}", limit=given.limit, WAREHOUSE_DIR=committed.warehouse_dir, **outs)

    assert_refused(outcome, given.words)
    assert contents(tmp_path) == before


# --- Importing TSV -------------------------------------------------------------------------------------------------


def a_file_in_the_way(out: Path) -> None:
    become_a_file(out / "snowplow")


def damaged(content: bytes) -> bytes:
    packed = gzip.compress(content)
    return packed[:20] + bytes(len(packed) - 40) + packed[-20:]


def in_folder(content: bytes, mode: int = 0o755) -> Place:
    def place(source: Path) -> None:
        source.mkdir()
        (source / "part.tsv").write_bytes(content)
        source.chmod(mode)

    return place


def forbidden(source: Path) -> None:
    source.write_bytes(line())
    source.chmod(0)


def many(source: Path) -> None:
    source.write_bytes(b"\n".join(line(event_id=os.urandom(20).hex()) for _ in range(10_000)))


def of(content: bytes) -> Place:
    return lambda source: source.write_bytes(content)


NO_GZIP = "cannot be read: no whole gzip file"
NO_EVENT = "lines is an enriched event (line 1 of "
SOURCES: dict[str, tuple[str, Case]] = {
    "no file": ("in.tsv", Case("in.tsv is no file, and no folder with files")),
    "an empty file": ("in.tsv", Case("in.tsv: there is no line to read", give=of(b""))),
    "empty lines": ("in.tsv", Case("in.tsv: there is no line to read", give=of(b"\n\r\n\n"))),
    "other lines": ("in.tsv", Case(f"none of 2 {NO_EVENT}", give=of(b"a,b\n1,2\n"))),
    "Parquet": ("in.tsv", Case(f"none of 3 {NO_EVENT}", give=of(b"PAR1\x15\x04\n\xff\nPAR1"))),
    "a folder of other lines": ("in", Case(f"none of 2 {NO_EVENT}", give=in_folder(b"{}\n{}\n"))),
    "not packed": ("in.gz", Case(f"in.gz {NO_GZIP}", give=of(line()))),
    "packed and cut off": ("in.gz", Case(f"in.gz {NO_GZIP}", give=of(gzip.compress(line())[:-9]))),
    "packed and damaged": ("in.gz", Case(f"in.gz {NO_GZIP}", give=of(damaged(line() * 99)))),
    "a file that may not be read": ("in.tsv", Case("in.tsv cannot be read: Permission denied", give=forbidden)),
    "a folder that may not be read": ("in", Case("in cannot be read: Permission denied", give=in_folder(line(), 0))),
    "to a file": ("in.tsv", Case("out cannot be written: ", become_a_file, of(line()))),
    "to a folder that may only be read": ("in.tsv", Case("out cannot be written: ", read_only, of(line()))),
    "to a folder with a file in the way": ("in.tsv", Case("out cannot be written: ", a_file_in_the_way, of(line()))),
    "to a full disk": (
        "in.tsv",
        Case("out cannot be written: File too large; nothing", nothing, many, full_disk(100_000)),
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_an_import_that_cannot_be_gets_one_line_and_changes_nothing(tmp_path: Path, case: str) -> None:
    name, given = SOURCES[case]
    source, out = tmp_path / name, tmp_path / "out"
    (out / "snowplow" / "events").mkdir(parents=True)
    (out / "snowplow" / "events" / "000000.parquet").write_text("what was imported before", encoding="utf-8")
    given.give(source)
    given.place(out)
    before = contents(out)

    outcome = run("scripts.import_tsv", str(source), "--out", str(out), limit=given.limit)

    assert_refused(outcome, given.words)
    assert outcome.stdout == ""
    assert contents(out) == before


# --- Making data -----------------------------------------------------------------------------------------------------


DATA: dict[str, Case] = {
    "to a file": Case("out: ", become_a_file),
    "to a folder that may only be read": Case("out: Permission denied", read_only),
    "to a full disk": Case("out: ", limit=full_disk(20_000)),
}


@pytest.mark.parametrize("case", DATA)
def test_data_that_cannot_be_written_get_one_line_and_change_nothing(tmp_path: Path, case: str) -> None:
    given, out = DATA[case], tmp_path / "out"
    (out / "wellthy").mkdir(parents=True)
    (out / "wellthy" / "members.parquet").write_text("what was made before", encoding="utf-8")
    given.place(out)
    before = contents(out)
    arguments = ["--people", "60", "--months", "1", "--no-truth", "--out", str(out)]
    assert_refused(run("scripts.simulate", *arguments, limit=given.limit), given.words)
    assert contents(out) == before


# --- Reviewing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"BASE": "no-such-branch"}, "BASE=no-such-branch has no merge base with HEAD: "),
        ({"BASE": "HEAD", "DATA_DIR": "/no/such/data"}, "DATA_DIR=/no/such/data is not a folder"),
    ],
    ids=["no such base", "no such data"],
)
def test_a_review_that_cannot_begin_says_why(variables: dict[str, str], words: str) -> None:
    outcome = run("scripts.review", **variables)
    assert_refused(outcome, words, line_count=2)
    assert outcome.stderr.splitlines()[-1] == "review: ERROR (exit 2)"
