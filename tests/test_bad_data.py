"""Data that cannot be built from is refused in one line that says which file, what is wrong and what to do."""

import gzip
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts import build as program
from scripts.source_checks import check_contents, check_data_dir
from scripts.sources import SourceError, declared_sources
from tests.bad_input import allow_all, assert_refused, contents, obey_permissions
from tests.worlds import PROJECT_DIR, World, run_build

Spoil = Callable[[Path], object]

EVENTS = "snowplow/events/2026-01.parquet"
MEMBERS = "wellthy/members.parquet"
CLIENTS = "wellthy/clients.parquet"
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
FUNNEL = "unstruct_event_com_wellthy_funnel_1"
SOURCES = declared_sources(PROJECT_DIR)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data of a few people, in two files of events."""
    folder = tmp_path_factory.mktemp("small") / "data"
    arguments = ["--people", "60", "--months", "2", "--seed", "5", "--no-truth", "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, check=True)
    return folder


@pytest.fixture
def data_dir(small: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a copy, to be spoilt."""
    yield shutil.copytree(small, tmp_path / "data")
    allow_all(tmp_path)


# --- Ways to spoil a data folder -----------------------------------------------------------------------------------


def all_events(data_dir: Path) -> list[Path]:
    return sorted((data_dir / EVENTS).parent.glob("*.parquet"))


def rewrite(file: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    table = change(pq.read_table(file, partitioning=None))
    file.unlink()
    file.parent.mkdir(exist_ok=True)
    pq.write_table(table, file)


def with_values(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def write(content: bytes, name: str = EVENTS) -> Spoil:
    """Put something else in the place of a file."""
    return lambda data_dir: (data_dir / name).write_bytes(content)


def change(how: Callable[[bytes], bytes], name: str = EVENTS) -> Spoil:
    """Change the bytes of a file."""
    return lambda data_dir: (data_dir / name).write_bytes(how((data_dir / name).read_bytes()))


def without(column: str, name: str = EVENTS) -> Spoil:
    """Leave a column out."""
    return lambda data_dir: rewrite(data_dir / name, lambda table: table.drop_columns([column]))


def every(column: str, value: object, kind: pa.DataType | None = None, name: str = EVENTS) -> Spoil:
    """Put one value into every row, of its own type or of that of the column."""

    def spoil(data_dir: Path) -> None:
        def changed(table: pa.Table) -> pa.Table:
            of_kind = kind or table.schema.field(column).type
            return with_values(table, column, pa.array([value] * len(table), of_kind))

        rewrite(data_dir / name, changed)

    return spoil


def row(number: int, column: str, value: object, name: str) -> Spoil:
    """Put a value into one row, counted from 1."""

    def spoil(data_dir: Path) -> None:
        def changed(table: pa.Table) -> pa.Table:
            values = table[column].to_pylist()
            values[number - 1] = value
            return with_values(table, column, pa.array(values, table.schema.field(column).type))

        rewrite(data_dir / name, changed)

    return spoil


def in_all_files(spoil: Callable[..., Spoil], column: str, *arguments: object) -> Spoil:
    """Spoil a column of every file of events."""

    def spoil_all(data_dir: Path) -> None:
        for file in all_events(data_dir):
            spoil(column, *arguments, name=file.relative_to(data_dir).as_posix())(data_dir)

    return spoil_all


def again(column: str, as_name: str, name: str = EVENTS) -> Spoil:
    """Add a column a second time."""
    return lambda data_dir: rewrite(
        data_dir / name,
        lambda table: pa.Table.from_arrays([*table.columns, table[column]], names=[*table.column_names, as_name]),
    )


def not_utf_8(column: str, name: str = EVENTS) -> Spoil:
    """Put bytes into a column of text that are none, as writers can that do not look."""

    def spoil(data_dir: Path) -> None:
        def changed(table: pa.Table) -> pa.Table:
            bytes_ = pa.array([b"\xff\xfe/x"] * len(table), pa.binary())
            return with_values(table, column, pa.Array.from_buffers(pa.string(), len(table), bytes_.buffers()))

        rewrite(data_dir / name, changed)

    return spoil


def replace(make: Callable[[Path], object], name: str = EVENTS) -> Spoil:
    """Remove a file and make something else in its place."""

    def spoil(data_dir: Path) -> None:
        (data_dir / name).unlink()
        make(data_dir / name)

    return spoil


def move(name: str, to: str) -> Spoil:
    """Move a file elsewhere in the data folder."""

    def spoil(data_dir: Path) -> None:
        (data_dir / to).parent.mkdir(parents=True, exist_ok=True)
        (data_dir / name).rename(data_dir / to)

    return spoil


def forbid(name: str) -> Spoil:
    """Take every permission from a file or a folder."""
    return lambda data_dir: (data_dir / name).chmod(0)


def both(*spoils: Spoil) -> Spoil:
    """Spoil in several ways, one after the other."""
    return lambda data_dir: [spoil(data_dir) for spoil in spoils]


def zipped(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("2026-01.parquet", "PAR1")


def outside(data_dir: Path) -> Path:
    """Return a folder of Parquet files that is none of the data folder's."""
    return shutil.copytree((data_dir / EVENTS).parent, data_dir.parent / "outside")


def damage(column: str, name: str = EVENTS) -> Spoil:
    """Overwrite the values of a column with nothing, and leave the ends, which tell what the file is and has."""

    def spoil(data_dir: Path) -> None:
        group = pq.read_metadata(data_dir / name).row_group(0)
        (chunk,) = (
            each for each in map(group.column, range(group.num_columns)) if each.path_in_schema.startswith(column)
        )
        start, size = chunk.data_page_offset, chunk.total_compressed_size
        change(lambda content: content[:start] + bytes(size) + content[start + size :], name)(data_dir)

    return spoil


def at(year: int, **parts: int) -> datetime:
    return datetime(year, parts.get("month", 1), parts.get("day", 21), 12, tzinfo=timezone.utc)


TEXT, LIST, STRUCT = pa.string(), pa.list_, pa.struct
PARQUET = "is not a readable Parquet file"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 746358\n"
UNIT = "never within 2000 to 2099"
KEY_VALUE = "event_name=page_view"

CASES: dict[str, tuple[Spoil, list[str]]] = {
    # folders
    "no data folder": (shutil.rmtree, ["DATA_DIR=", "data is not a folder"]),
    "a file for the data folder": (
        lambda data: (shutil.rmtree(data), data.write_text("x")),
        ["DATA_DIR=", "data is not a folder"],
    ),
    "no events folder": (lambda data: shutil.rmtree(data / "snowplow"), ["snowplow/events/**/*.parquet", "no file"]),
    "an empty events folder": (
        lambda data: [file.unlink() for file in all_events(data)],
        ["snowplow/events/**/*.parquet matches no file"],
    ),
    "a file for the folder of accounts": (
        lambda data: (shutil.rmtree(data / "wellthy"), (data / "wellthy").write_text("x")),
        ["wellthy is not a folder"],
    ),
    "a link to a folder": (
        lambda data: (data / "snowplow/events/more").symlink_to(outside(data)),
        ["snowplow/events/more is a link to a folder"],
    ),
    "some files in folders with values": (
        both(without("event_name"), move(EVENTS, f"snowplow/events/{KEY_VALUE}/1.parquet")),
        ["event_name=… is a folder above", "not above both"],
    ),
    "a folder that contradicts its file": (
        lambda data: [
            move(file.relative_to(data).as_posix(), f"snowplow/events/{KEY_VALUE}/{file.name}")(data)
            for file in all_events(data)
        ],
        [f"{KEY_VALUE}/2026-01.parquet has event_name page_ping in row ", f"but lies in the folder {KEY_VALUE}"],
    ),
    # files that are none
    "a folder for a file of events": (replace(Path.mkdir), [EVENTS, "is a folder"]),
    "a folder for the members": (
        lambda data: (data / MEMBERS).rename(data / "x") and move("x", f"{MEMBERS}/part-0.parquet")(data),
        [MEMBERS, "is a folder"],
    ),
    "a link to nothing": (replace(lambda file: file.symlink_to("nothing")), [EVENTS, "leads to no file"]),
    "members linked to nothing": (replace(lambda file: file.symlink_to("x"), MEMBERS), [MEMBERS, "leads to no file"]),
    "a pipe": (replace(os.mkfifo), [EVENTS, "leads to no file"]),
    "a name that is not UTF-8": (
        lambda data: (data / EVENTS).rename((data / EVENTS).parent / os.fsdecode(b"\xff.parquet")),
        ["has a name that is not UTF-8: rename it"],
    ),
    # files of other kinds
    "an empty file": (write(b""), [EVENTS, PARQUET, "it is empty"]),
    "CSV": (write(b"event_id,event_name\n1,page_view\n"), [EVENTS, PARQUET, "begins with b'event_id,eve'"]),
    "JSON": (write(b'{"event_id": 1}\n'), [EVENTS, PARQUET, "begins with"]),
    "a page of a server": (write(b"<html><body>404</body></html>"), [EVENTS, PARQUET, "begins with b'<html>"]),
    "a Git LFS pointer": (write(POINTER), [EVENTS, PARQUET, "git lfs pull"]),
    "packed with gzip": (change(gzip.compress), [EVENTS, PARQUET, "gzip, unpack it"]),
    "packed with zip": (replace(zipped), [EVENTS, PARQUET, "zip archive, unpack it"]),
    "three bytes": (write(b"PAR"), [EVENTS, PARQUET]),
    "cut off": (change(lambda content: content[:5000]), [EVENTS, PARQUET, "ends too early, copy it again"]),
    "cut off in front": (change(lambda content: content[5000:]), [EVENTS, PARQUET]),
    "ends and nothing between": (write(b"PAR1PAR1"), [EVENTS, PARQUET, "copy it again"]),
    "damaged at its end": (change(lambda content: content[:-600] + bytes(592) + content[-8:]), [EVENTS, PARQUET]),
    "members cut off": (change(lambda content: content[:900], MEMBERS), [MEMBERS, PARQUET]),
    "clients that are empty": (write(b"", CLIENTS), [CLIENTS, PARQUET, "it is empty"]),
    # columns that are not there, or twice
    **{
        f"{file.rpartition('/')[2]} without {column}": (without(column, file), [file, f"has no column {column}"])
        for source, file in zip(SOURCES, (EVENTS, MEMBERS, CLIENTS), strict=True)
        for column in sorted(source.required)
    },
    "a column twice": (again("event_id", "event_id"), [EVENTS, "two columns named event_id"]),
    "a column twice but for its case": (again("page_urlpath", "PAGE_URLPATH"), ["two columns named page_urlpath"]),
    "a column of members twice": (again("user_id", "user_id", MEMBERS), [MEMBERS, "two columns named user_id"]),
    # types
    "a number for a time": (every("derived_tstamp", 1, pa.int64()), [EVENTS, "derived_tstamp", "BIGINT"]),
    "text for a time": (every("load_tstamp", "2026-01-02", TEXT), [EVENTS, "load_tstamp", "VARCHAR"]),
    "a date for a time": (every("collector_tstamp", at(2026).date(), pa.date32()), ["collector_tstamp", "DATE"]),
    "a fraction for a time": (every("derived_tstamp", 1.5, pa.float64()), [EVENTS, "derived_tstamp", "DOUBLE"]),
    "a number for text": (every("user_id", 7, pa.int64()), [EVENTS, "user_id", "BIGINT", "must be VARCHAR"]),
    "a boolean for text": (every("event_name", True, pa.bool_()), [EVENTS, "event_name", "BOOLEAN"]),
    "bytes for text": (every("domain_userid", b"x", pa.binary()), [EVENTS, "domain_userid", "BLOB"]),
    "a struct for text": (every("page_urlpath", {"x": "/"}, STRUCT({"x": TEXT})), ["page_urlpath", "STRUCT"]),
    "a fraction for a whole number": (every("doc_height", 900.5, pa.float64()), ["doc_height", "DOUBLE"]),
    "text for a context": (every(WEB_PAGE, "[]", TEXT), [EVENTS, WEB_PAGE, "VARCHAR"]),
    "a struct for a list": (every(WEB_PAGE, {"id": "x"}, STRUCT({"id": TEXT})), [WEB_PAGE, "of type STRUCT"]),
    "a list of texts for a context": (every(WEB_PAGE, ["x"], LIST(TEXT)), [WEB_PAGE, "VARCHAR[]"]),
    "a context without its field": (every(WEB_PAGE, [{"v": "x"}], LIST(STRUCT({"v": TEXT}))), [WEB_PAGE, "STRUCT"]),
    "a context with a field of numbers": (
        every(WEB_PAGE, [{"id": 1}], LIST(STRUCT({"id": pa.int64()}))),
        [WEB_PAGE, "BIGINT"],
    ),
    "a list for a self-describing event": (
        every(FUNNEL, [{"step_name": "x"}], LIST(STRUCT({"step_name": TEXT}))),
        [EVENTS, FUNNEL, "STRUCT(step_name VARCHAR)[]"],
    ),
    "text for yes and no": (
        every("is_eligibility_verified", "yes", TEXT, MEMBERS),
        [MEMBERS, "is_eligibility_verified", "VARCHAR", "must be BOOLEAN"],
    ),
    "a number for the time of an account": (every("created", 1, pa.int64(), MEMBERS), [MEMBERS, "created", "BIGINT"]),
    "a number for a client's id": (every("id", 1, pa.int64(), CLIENTS), [CLIENTS, "id", "BIGINT"]),
    # values
    "no page view ids": (in_all_files(every, WEB_PAGE, None), [f"{WEB_PAGE}[1].id is NULL on every row"]),
    "empty contexts": (in_all_files(every, WEB_PAGE, []), [f"{WEB_PAGE}[1].id is NULL on every row"]),
    "no context of page views": (in_all_files(without, WEB_PAGE), [f"{WEB_PAGE}[1].id is NULL on every row"]),
    "no event ids": (in_all_files(every, "event_id", None), ["event_id is NULL on every row"]),
    "no event names": (in_all_files(every, "event_name", None), ["event_name is NULL on every row"]),
    "no load times": (in_all_files(every, "load_tstamp", None), ["load_tstamp is NULL on every row"]),
    "times in 1970": (every("derived_tstamp", at(1970)), [EVENTS, "derived_tstamp from 1970-01-21 12:00:00+00", UNIT]),
    "times in 2262": (every("derived_tstamp", at(2262)), [EVENTS, "derived_tstamp from 2262-01-21", UNIT]),
    "times in 58000": (
        every("derived_tstamp", 1_767_225_600_000_000_000, pa.timestamp("us", "UTC")),
        [EVENTS, "derived_tstamp from 57971-02-25", UNIT],
    ),
    "load times in 1970": (every("load_tstamp", at(1970)), [EVENTS, "load_tstamp from 1970-01-21", UNIT]),
    "collector times to come": (every("collector_tstamp", at(2100)), ["collector_tstamp from 2100-01-21", UNIT]),
    "accounts of 1970": (every("created", at(1970), name=MEMBERS), [MEMBERS, "created from 1970-01-21", UNIT]),
    "a member without an id": (row(3, "user_id", None, MEMBERS), [MEMBERS, "no user_id in row 3"]),
    "a member without a beginning": (row(2, "created", None, MEMBERS), [MEMBERS, "no created in row 2"]),
    "a client without an id": (row(1, "id", None, CLIENTS), [CLIENTS, "no id in row 1"]),
    "a client without a name": (row(4, "name", None, CLIENTS), [CLIENTS, "no name in row 4"]),
    "a member twice": (
        lambda data: rewrite(data / MEMBERS, lambda table: pa.concat_tables([table, table.slice(1, 1)])),
        [MEMBERS, "has user_id ", " in rows 2 and "],
    ),
    "a client twice": (
        lambda data: rewrite(data / CLIENTS, lambda table: pa.concat_tables([table, table.slice(0, 2)])),
        [CLIENTS, "has id ", " in rows 1 and "],
    ),
}  # fmt: skip

FORBIDDEN_CASES: dict[str, tuple[Spoil, list[str]]] = {
    "a data folder that may not be read": (lambda data: data.chmod(0), ["data cannot be read: Permission denied"]),
    "an events folder that may not be read": (forbid("snowplow/events"), ["snowplow/events cannot be read"]),
    "a folder of events that may not be read": (
        both(move(EVENTS, "snowplow/events/january/1.parquet"), forbid("snowplow/events/january")),
        ["snowplow/events/january cannot be read: Permission denied"],
    ),
    "a folder of accounts that may not be read": (forbid("wellthy"), ["wellthy cannot be read: Permission denied"]),
    "a file that may not be read": (forbid(EVENTS), [f"{EVENTS} cannot be read: Permission denied"]),
    "members that may not be read": (forbid(MEMBERS), [f"{MEMBERS} cannot be read: Permission denied"]),
}


@pytest.fixture
def warehouse_dir(tmp_path: Path) -> Path:
    """Return a folder with something in the place of databases."""
    (tmp_path / "warehouse").mkdir()
    for name in ("raw", "prep", "prod"):
        (tmp_path / "warehouse" / f"{name}.duckdb").write_text("what was built before", encoding="utf-8")
    return tmp_path / "warehouse"


@pytest.mark.parametrize("case", CASES)
def test_bad_data_gets_one_line_and_changes_nothing(
    data_dir: Path, warehouse_dir: Path, case: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil, words = CASES[case]
    before = contents(warehouse_dir)
    spoil(data_dir)

    # in this process, as most of the time goes into starting another
    monkeypatch.setattr(sys, "argv", ["build"])
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    monkeypatch.setenv("WAREHOUSE_DIR", str(warehouse_dir))
    with pytest.raises(SystemExit) as ended:
        program.main()

    assert_refused(subprocess.CompletedProcess([], ended.value.code, *capfd.readouterr()), *words)
    assert contents(warehouse_dir) == before


@pytest.mark.parametrize("case", FORBIDDEN_CASES)
def test_data_that_may_not_be_read_gets_one_line_and_changes_nothing(
    data_dir: Path, warehouse_dir: Path, case: str
) -> None:
    spoil, words = FORBIDDEN_CASES[case]
    before = contents(warehouse_dir)
    spoil(data_dir)
    assert_refused(run_build(data_dir, warehouse_dir, limit=obey_permissions), *words)
    assert contents(warehouse_dir) == before


# What only reading a file to its end shows, is told when a build fails.
LATE_CASES: dict[str, tuple[Spoil, list[str]]] = {
    "damaged inside": (damage("page_urlpath"), [EVENTS, PARQUET, "copy it again"]),
    "text that is not UTF-8": (not_utf_8("page_urlpath"), [EVENTS, "not UTF-8 in column page_urlpath, write it again"]),
}
CONTENTS_CASES = LATE_CASES | {
    "the second damaged inside": (
        damage(WEB_PAGE, "snowplow/events/2026-02.parquet"),
        [f"2026-02.parquet {PARQUET}"],
    ),
    "members damaged inside": (damage("country", MEMBERS), [MEMBERS, PARQUET]),
    "a context that is not UTF-8": (
        lambda data: rewrite(data / EVENTS, not_utf_8_context),
        [EVENTS, f"text that is not UTF-8 in column {WEB_PAGE}"],
    ),
    "clients that are not UTF-8": (not_utf_8("name", CLIENTS), [CLIENTS, "text that is not UTF-8 in column name"]),
}


def not_utf_8_context(table: pa.Table) -> pa.Table:
    bytes_ = pa.array([b"\xff"] * len(table), pa.binary())
    ids = pa.Array.from_buffers(pa.string(), len(table), bytes_.buffers())
    offsets = pa.array(range(len(table) + 1), pa.int32())
    return with_values(table, WEB_PAGE, pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays([ids], ["id"])))


@pytest.mark.parametrize("case", LATE_CASES)
def test_bad_contents_get_one_line_and_change_nothing(committed: World, data_dir: Path, case: str) -> None:
    spoil, words = LATE_CASES[case]
    warehouse_dir = shutil.copytree(committed.warehouse_dir, data_dir.parent / "warehouse")
    before = contents(warehouse_dir)
    spoil(data_dir)

    outcome = run_build(data_dir, warehouse_dir)

    assert_refused(outcome, *words)
    assert contents(warehouse_dir) == before


@pytest.mark.parametrize("case", CONTENTS_CASES)
def test_bad_contents_are_found_in_their_file_and_column(data_dir: Path, case: str) -> None:
    spoil, words = CONTENTS_CASES[case]
    check_contents(data_dir, SOURCES)
    spoil(data_dir)
    with pytest.raises(SourceError) as error:
        check_contents(data_dir, SOURCES)
    for word in words:
        assert word in str(error.value)


# --- What is no hindrance ------------------------------------------------------------------------------------------


def in_capitals(data_dir: Path) -> None:
    for file in (*all_events(data_dir), data_dir / MEMBERS, data_dir / CLIENTS):
        rewrite(file, lambda table: table.rename_columns([name.upper() for name in table.column_names]))


def by_event_name(data_dir: Path) -> None:
    """Put the rows of every event into a folder of its own, which says again what the column says."""
    for file in all_events(data_dir):
        table = pq.read_table(file)
        for name in set(table["event_name"].to_pylist()):
            folder = file.parent / f"event_name={name}"
            folder.mkdir(exist_ok=True)
            pq.write_table(table.filter(pa.compute.equal(table["event_name"], name)), folder / file.name)
        file.unlink()


FINE: dict[str, Spoil] = {
    "as it is": lambda data: None,
    "no accounts": lambda data: shutil.rmtree(data / "wellthy"),
    "no rows in one file": lambda data: rewrite(data / EVENTS, lambda table: table.slice(0, 0)),
    "no rows at all": lambda data: [rewrite(file, lambda table: table.slice(0, 0)) for file in all_events(data)],
    "no members": lambda data: rewrite(data / MEMBERS, lambda table: table.slice(0, 0)),
    "a column without values, of another type": every("useragent", None, pa.int32()),
    "no derived times": every("derived_tstamp", None),
    "one event of 1970": row(1, "derived_tstamp", at(1970), EVENTS),
    "all but one event of 2262": lambda data: (
        every("derived_tstamp", at(2262))(data),
        row(5, "derived_tstamp", at(2026), EVENTS)(data),
    ),
    "a small file of a device without a clock": lambda data: (
        rewrite(data / EVENTS, lambda table: table.slice(0, 9)),
        every("derived_tstamp", at(1970))(data),
    ),
    "a file that one writes as a folder": lambda data: (
        (data / EVENTS).rename(data / "x"),
        move("x", f"{EVENTS}/part-0.parquet")(data),
    ),
    "a link to a file": lambda data: (
        (data / EVENTS).unlink(),
        (data / EVENTS).symlink_to(outside(data) / "2026-02.parquet"),
    ),
    "names in capitals": in_capitals,
    "folders that say what their files say": by_event_name,
    "a column that is numbered indeed": again("event_name", "event_name_1"),
    "nanoseconds": every("derived_tstamp", at(2026), pa.timestamp("ns", "UTC")),
}


@pytest.mark.parametrize("case", FINE)
def test_what_can_be_read_is_not_refused(data_dir: Path, case: str) -> None:
    FINE[case](data_dir)
    check_data_dir(data_dir, SOURCES)


def test_odd_names_and_columns_without_values_are_no_hindrance(small: Path, tmp_path: Path) -> None:
    data_dir = shutil.copytree(small, tmp_path / "it's [1] *odd* {{ name }} % “ž🦆”")
    (data_dir / EVENTS).rename((data_dir / EVENTS).with_name("o'clock [1] ž.parquet"))
    in_all_files(every, "useragent", None, pa.int32())(data_dir)
    in_capitals(data_dir)
    warehouse_dir = tmp_path / "ware [2] \"house\" 'ž🦆'"
    warehouse_dir.mkdir()
    (warehouse_dir / "prod.duckdb.wal").write_bytes(b"left by a program that died")

    outcome = run_build(data_dir, warehouse_dir)

    assert (outcome.returncode, outcome.stderr) == (0, "")
    counted = World(data_dir, warehouse_dir).query("SELECT SUM(event_count) AS rows FROM product.event_accounting")
    assert counted == [{"rows": sum(pq.read_metadata(file).num_rows for file in all_events(data_dir))}]
