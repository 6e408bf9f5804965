"""How a table moves between a laptop and Snowflake: a pseudonymised sample of people down, local tables up.

Nothing here connects to Snowflake. `sample` and `load` print the statements to run there, `convert` makes of what was
downloaded a folder that `make build DATA_DIR=…` reads.
"""

from __future__ import annotations

import argparse
import glob
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.databases import first_line, in_utc
from scripts.snowflake.source_tables import snowflake_type, snowflake_value
from scripts.snowflake.transfer_sql import (
    checked_database,
    checked_share,
    checked_stage,
    folder_of,
    load_sql,
    sample_sql,
)
from scripts.source_checks import check_data_dir
from scripts.sources import Source, SourceError, declared_sources

_UNLOAD = re.compile(r"data_([0-9a-f]{8}-[0-9a-f-]{27})_")  # COPY INTO names its files after its own query
_PATH_IN_SQL = re.compile(r"/[\w./ -]*")


class TransferError(Exception):
    """A folder cannot be read or written; the message names it, the column and the remedy."""


def convert(folder: Path, data_dir: Path) -> dict[str, int]:
    """Make of downloaded Parquet files a data folder like the Lake Loader's, and return how many rows each table has.

    Raises:
        TransferError: a table or a required column is missing, a value does not fit, or the data folder is not new.
    """
    sources = declared_sources(PROJECT_DIR)
    if not folder.is_dir():
        raise TransferError(f"{folder} is not a folder: GET the sample into it first")
    files = {source.name: _downloaded(folder, source) for source in sources}
    with _new_folder(data_dir) as building, in_utc() as connection:
        counts = {source.name: _convert(connection, source, files[source.name], building) for source in sources}
        try:
            check_data_dir(building, sources)
        except SourceError as error:
            raise TransferError(str(error).replace(str(building), str(folder))) from error
    return counts


def _downloaded(folder: Path, source: Source) -> list[Path]:
    place = folder / folder_of(source)
    paths = sorted(path for path in place.glob("*.parquet") if path.is_file())
    if not paths:
        raise TransferError(f"{place} holds no Parquet file: GET {source.name} into it (an empty sample has none)")
    unloads = {match[1] for path in paths if (match := _UNLOAD.match(path.name))}
    if len(unloads) > 1:
        raise TransferError(f"{place} holds files of {len(unloads)} samples: empty it and GET one")
    return paths


def _convert(connection: duckdb.DuckDBPyConnection, source: Source, paths: list[Path], data_dir: Path) -> int:
    for path in paths:
        _check_columns(connection, path, source)
    try:
        relation = _read(connection, *paths)
        present = {name.lower() for name in relation.columns}
        values = [
            f"{_lake_value(name, declared) if name in present else f'CAST(NULL AS {declared})'} AS {name}"
            for name, declared in source.types.items()
        ]
        target = data_dir / source.files.replace("**/*", "sample")
        target.parent.mkdir(parents=True, exist_ok=True)
        relation.project(", ".join(values)).write_parquet(str(target), compression="zstd")
        return _read(connection, target).shape[0]
    except duckdb.Error as error:
        raise TransferError(f"{paths[0].parent}: {first_line(error)}") from error


def _check_columns(connection: duckdb.DuckDBPyConnection, path: Path, source: Source) -> None:
    try:
        present = {name.lower() for name in _read(connection, path).columns}
    except duckdb.Error as error:
        raise TransferError(f"{path} is not a readable Parquet file, GET it again ({first_line(error)})") from error
    missing = [name for name in source.types if name in source.required and name not in present]
    if missing:
        raise TransferError(f"{path} has no column {missing[0]}: {source.name} needs it, unload with HEADER = TRUE")


def _lake_value(column: str, declared: str) -> str:
    """Return DuckDB's SQL for a value as the Lake Loader writes it; timestamps without a zone are in the session's."""
    # through JSON: a plain cast of text reads DuckDB's own notation, which knows no \\u00e9
    is_json = snowflake_type(declared) in ("ARRAY", "OBJECT")
    return f"CAST({f'CAST({column} AS JSON)' if is_json else column} AS {declared})"


def stage(data_dir: Path, out: Path) -> None:
    """Write the tables of a data folder as Parquet that the statements of `load` read, a file for each file.

    Contexts and self-describing events become JSON text with camelCase names, timestamps UTC without a zone.

    Raises:
        SourceError: the data folder cannot be read.
        TransferError: the folder to write to is not new, or cannot be written.
    """
    sources = declared_sources(PROJECT_DIR)
    check_data_dir(data_dir, sources)
    with _new_folder(out) as building, in_utc() as connection:
        for source in sources:
            (building / folder_of(source)).mkdir(parents=True)
            for number, path in enumerate(sorted(data_dir.glob(source.files))):
                try:
                    _stage(connection, source, path, building / folder_of(source) / f"{number:04d}.parquet")
                except duckdb.Error as error:
                    raise TransferError(f"{path}: {first_line(error)}") from error


def _stage(connection: duckdb.DuckDBPyConnection, source: Source, path: Path, target: Path) -> None:
    typed = ", ".join(f"CAST(NULL AS {declared}) AS {name}" for name, declared in source.types.items())
    delivered = _read(connection, path)
    present = ", ".join(name for name in source.types if name in delivered.columns)
    delivered.project(present).create_view("delivered", replace=True)
    values = [f"{_staged_value(name, declared)} AS {name}" for name, declared in source.types.items()]
    connection.sql(
        f"SELECT {', '.join(values)} FROM (SELECT {typed} WHERE FALSE UNION ALL BY NAME SELECT * FROM delivered)"
    ).write_parquet(str(target), compression="snappy")


def _staged_value(column: str, declared: str) -> str:
    value = snowflake_value(column, declared)
    return f"CAST({value} AS VARCHAR)" if snowflake_type(declared) in ("ARRAY", "OBJECT") else value


def _read(connection: duckdb.DuckDBPyConnection, *paths: Path) -> duckdb.DuckDBPyRelation:
    return connection.read_parquet([glob.escape(str(path)) for path in paths], union_by_name=True)


@contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """Yield a folder beside a place, and put it there when the block ends well; otherwise nothing is left of it."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise TransferError(f"{place} is there already: name a new folder")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise TransferError(f"{place} cannot be written: {error.strerror}") from error
    try:
        yield building
        os.replace(building, place)
    except OSError as error:
        raise TransferError(f"{place} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _sample(given: argparse.Namespace) -> None:
    print(sample_sql(declared_sources(PROJECT_DIR), given.share, given.stage, given.raw, given.prep))


def _convert_command(given: argparse.Namespace) -> None:
    counts = convert(given.folder.resolve(), given.data_dir.resolve())
    rows = ", ".join(f"{count:,} rows of {name}" for name, count in counts.items())
    print(f"{rows} written to {given.data_dir}; next: make build DATA_DIR={given.data_dir} WAREHOUSE_DIR=…")


def _load(given: argparse.Namespace) -> None:
    out = given.out.resolve()
    if not _PATH_IN_SQL.fullmatch(str(out)):
        raise TransferError(f"--out {out}: PUT takes letters, digits, spaces and . _ - / only, name another folder")
    stage(given.data_dir.resolve(), out)
    print(load_sql(declared_sources(PROJECT_DIR), str(out), given.stage, given.raw))


def _argument(check: Callable[[str], str | float]) -> Callable[[str], str | float]:
    """Make a check the type of an argument: argparse shows the message of no other error."""

    def read(text: str) -> str | float:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _parser() -> Parser:
    parser = Parser(prog="python -m scripts.snowflake.transfer", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="sample | convert | load")
    stage_type, database = _argument(checked_stage), _argument(checked_database)

    sample = commands.add_parser("sample", help="print the SQL that unloads a sample of people under pseudonyms")
    sample.add_argument("--share", type=_argument(checked_share), required=True, help="of the people, such as 0.01")
    sample.add_argument("--stage", type=stage_type, default="@~/care_sample", help="default: @~/care_sample")
    sample.add_argument("--raw", type=database, default="raw", help="database of the source tables (default: raw)")
    sample.add_argument("--prep", type=database, default="prep", help="database of member_events (default: prep)")
    sample.set_defaults(run=_sample)

    converted = commands.add_parser("convert", help="make a data folder of the files that GET downloaded")
    converted.add_argument("folder", metavar="FOLDER", type=Path, help="what GET wrote: snowplow/events, wellthy/…")
    converted.add_argument("data_dir", metavar="DATA_DIR", type=Path, help="new folder, for make build DATA_DIR=…")
    converted.set_defaults(run=_convert_command)

    load = commands.add_parser("load", help="write a data folder's tables for a stage, and print the SQL to load them")
    load.add_argument("data_dir", metavar="DATA_DIR", type=Path, help="folder with the local Parquet files")
    load.add_argument("--out", type=Path, default=Path("target/care_load"), help="new folder (target/care_load)")
    load.add_argument("--raw", type=database, default="raw_dev", help="database to load into (default: raw_dev)")
    load.add_argument("--stage", type=stage_type, default="@~/care_load", help="default: @~/care_load")
    load.set_defaults(run=_load)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (2: bad arguments, or folders that cannot be read or written)."""
    given = _parser().parse_args(arguments)
    try:
        given.run(given)
    except (TransferError, SourceError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped, nothing was written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
