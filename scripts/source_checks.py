"""Check a data folder against the sources that the models read, before anything is built from it."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
from duckdb.sqltypes import DuckDBPyType

from scripts.databases import children, first_line, in_utc, literal
from scripts.sources import Source, SourceError, source_files

_INTEGERS = {"tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint"}
_FOLDER_VALUE = re.compile("([^/=]+)=([^/]*)/")
_PARQUET = (b"PAR1", b"PARE")
"""What Parquet ends with; the other is encrypted."""
_WHOLE_FILE = 10
"""As many absurd times and no other are another unit of time; fewer may be a device with a broken clock."""
_NOT_PARQUET = {
    b"version https://git-lfs": "it is a Git LFS pointer, run `git lfs pull`",
    b"\x1f\x8b": "it is packed with gzip, unpack it",
    b"PK\x03\x04": "it is a zip archive, unpack it",
    b"PAR1": "it ends too early, copy it again",
}
"""Beginnings of files that have no Parquet at their end, and what to do about them."""


def check_data_dir(data_dir: Path, sources: list[Source]) -> None:
    """Check that every source's files are there, readable, and have what models need, in types that they can read.

    Statistics and the first rows settle nearly everything, however many rows there are.

    Raises:
        SourceError: the first thing that is wrong.
    """
    if not data_dir.is_dir():
        raise SourceError(f"DATA_DIR={data_dir} is not a folder: name one that holds {sources[0].files}")
    with in_utc() as connection:
        for source in sources:
            _check_places(data_dir, source)
            files = [_File(connection, path, source) for path in source_files(data_dir, source)]
            if not files and not source.is_optional:
                raise SourceError(
                    f"{data_dir / source.files} matches no file: {source.name} needs at least one Parquet file"
                )
            for file in files:
                for problem in chain.from_iterable(check(file) for check in _FILE_CHECKS):
                    raise SourceError(f"{file.path} {problem}")
            for problem in chain(_mixed_folders(files), _unknown_fields(files)):
                raise SourceError(f"{data_dir / source.files}: {problem}")


def check_contents(data_dir: Path, sources: list[Source]) -> None:
    """Read every column that models read, to its end: slow, and only worth it when a build has failed.

    Raises:
        SourceError: the first file that is damaged inside, which DuckDB's own error does not name.
    """
    with in_utc() as connection:
        for source in sources:
            for path in source_files(data_dir, source):
                file = _File(connection, path, source)
                for name in sorted(file.types.keys() & source.types.keys()):
                    # counts and maxima are taken from statistics, or do not look into texts
                    file.ask(f'BIT_XOR(HASH("{name}"))', what=f" in column {name}")


def _check_places(data_dir: Path, source: Source) -> None:
    """Refuse whatever would hide rows: what a search for files passes over is missed by nobody."""
    for folder in _folders(data_dir, source):
        if not os.access(folder, os.R_OK | os.X_OK):
            raise SourceError(f"{folder} cannot be read: Permission denied")
    for path in (data_dir / source.files, *data_dir.glob(source.files)):
        if path.is_dir():
            if "**" not in source.files or not any(path.rglob("*.parquet")):
                raise SourceError(f"{path} is a folder: {source.name} needs a Parquet file there, or nothing")
        elif os.path.lexists(path) and not path.is_file():
            raise SourceError(f"{path} leads to no file: {source.name} needs a Parquet file there, or nothing")


def _folders(data_dir: Path, source: Source) -> Iterator[Path]:
    """Give the folders in which a source's files are sought, each before those inside it."""
    yield data_dir
    place = data_dir
    for part in Path(source.files).parts[:-1]:
        if "*" in part:
            for folder, names, _ in os.walk(place):
                for name in names:
                    inside = Path(folder, name)
                    if inside.is_symlink():
                        raise SourceError(f"{inside} is a link to a folder, which nobody follows: link its files")
                    yield inside
            return
        place /= part
        if not place.exists():
            return
        if not place.is_dir():
            raise SourceError(f"{place} is not a folder: {source.name} is sought at {source.files}")
        yield place


@dataclass(frozen=True)
class _File:
    """A file of a source."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    source: Source

    def ask(self, select: str, rest: str = "", in_folders: bool = True, what: str = "") -> list[tuple[Any, ...]]:
        """Return what a query finds in the file, with or without what folders such as event_name=page_view add.

        Raises:
            SourceError: the file is damaged, which any reading may show; `what` says where.
        """
        with self._in_our_words(what):
            return self._cursor(select, rest, in_folders).fetchall()

    def first_row(self, condition: str) -> int | None:
        """Return the number of the first row that meets the condition, from 1."""
        return next((row for (row,) in self.ask("file_row_number + 1", f"WHERE {condition} LIMIT 1")), None)

    def columns(self, in_folders: bool) -> dict[str, DuckDBPyType]:
        """Return the types by column, all in lower case, as DuckDB cares for no other."""
        with self._in_our_words():
            return {name.lower(): kind for name, kind, *_ in self._cursor("*", "LIMIT 0", in_folders).description}

    @cached_property
    def types(self) -> dict[str, DuckDBPyType]:
        """By column, folders included."""
        return self.columns(in_folders=True)

    @cached_property
    def folder_values(self) -> dict[str, str]:
        """What folders such as event_name=page_view say, by column."""
        return {name.lower(): unquote(value) for name, value in _FOLDER_VALUE.findall(self.path.as_posix())}

    def _cursor(self, select: str, rest: str, in_folders: bool) -> duckdb.DuckDBPyConnection:
        pattern = literal(glob.escape(str(self.path)))
        file = f"READ_PARQUET({pattern}, hive_partitioning = {in_folders})"
        return self.connection.execute(f"SELECT {select} FROM {file} {rest}")

    @contextmanager
    def _in_our_words(self, what: str = "") -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            reason = first_line(error)
            words = "is not a readable Parquet file, copy it again"
            if "UTF8" in reason:
                words = f"has text that is not UTF-8{what}, write it again as UTF-8"
            raise SourceError(f"{self.path} {words} ({reason})") from error


def _other_formats(file: _File) -> Iterator[str]:
    """The ends tell what a file is, as DuckDB does not."""
    try:
        str(file.path).encode()
        with file.path.open("rb") as opened:
            head = opened.read(64)
            opened.seek(-min(4, len(head)), os.SEEK_END)
            tail = opened.read()
    except UnicodeEncodeError:
        yield "has a name that is not UTF-8: rename it"
    except OSError as error:
        yield f"cannot be read: {error.strerror}"
    else:
        if not head:
            yield "is not a readable Parquet file: it is empty, copy it again"
        elif tail not in _PARQUET:
            remedies = (remedy for beginning, remedy in _NOT_PARQUET.items() if head.startswith(beginning))
            other = f"it begins with {head[:12]!r}, write it as Parquet"
            yield f"is not a readable Parquet file: {next(remedies, other)}"


def _repeated_columns(file: _File) -> Iterator[str]:
    """The last of them would be read in place of the first."""
    # DuckDB calls the second event_id event_id_1, as another column may be named indeed
    found = [re.fullmatch(r"(.+)_\d+", name) for name in file.types]
    numbered = {match[0]: match[1] for match in found if match and match[1] in file.source.types}
    if numbered:
        schema = file.connection.execute("SELECT name FROM PARQUET_SCHEMA(?)", [glob.escape(str(file.path))])
        own = {name.lower() for (name,) in schema.fetchall()}
        for name, first in numbered.items():
            if name not in own:
                yield f"has two columns named {first} (in upper or lower case): leave one of them"


def _missing_columns(file: _File) -> Iterator[str]:
    for name, declared in file.source.types.items():
        if name in file.source.required and name not in file.types:
            yield f"has no column {name}: {file.source.name} needs it, as {declared}"


def _wrong_types(file: _File) -> Iterator[str]:
    for name, declared in file.source.types.items():
        is_readable = name not in file.types or _can_read(file.types[name], duckdb.type(declared))
        # writers give a column without any value whatever type they like
        if not is_readable and file.first_row(f'"{name}" IS NOT NULL'):
            yield f"has a column {name} of type {file.types[name]}, but it must be {declared}"


def _contradicting_folders(file: _File) -> Iterator[str]:
    """The folder would be believed."""
    for name in sorted(file.folder_values.keys() & file.source.types.keys()):
        own = file.columns(in_folders=False)
        if name in own:
            value = literal(file.folder_values[name])
            rest = f'WHERE "{name}" IS DISTINCT FROM TRY_CAST({value} AS {own[name]}) LIMIT 1'
            for row, other in file.ask(f'file_row_number + 1, CAST("{name}" AS VARCHAR)', rest, in_folders=False):
                yield f"has {name} {other} in row {row}, but lies in the folder {name}={file.folder_values[name]}"


def _absurd_times(file: _File) -> Iterator[str]:
    """A few times may be absurd, and models leave their rows out; where all are, the file's writer is wrong."""
    needed = file.types.keys() & file.source.required
    names = [name for name in sorted(needed) if file.types[name].id.startswith("timestamp")]
    plausible = [f"\"{name}\" BETWEEN '2000-01-01' AND '2099-12-31'" for name in names]
    if not names or file.first_row(" AND ".join(plausible)):
        return
    for name, condition in zip(names, plausible, strict=True):
        if not file.first_row(condition):
            values = f'COUNT("{name}"), CAST(MIN("{name}") AS VARCHAR), CAST(MAX("{name}") AS VARCHAR)'
            ((count, first, last),) = file.ask(values)
            if count >= _WHOLE_FILE:
                yield (
                    f"has {name} from {first} to {last}, and never within 2000 to 2099: are they seconds or "
                    "milliseconds, taken for microseconds, or the other way round?"
                )


def _empty_values(file: _File) -> Iterator[str]:
    for name in file.source.not_null:
        if row := file.first_row(f'"{name}" IS NULL'):
            yield f"has no {name} in row {row}: every row needs one"


def _repeated_keys(file: _File) -> Iterator[str]:
    if name := file.source.key:
        rows = f'"{name}", MIN(file_row_number) + 1 AS first_row, MAX(file_row_number) + 1'
        repeated = f'GROUP BY "{name}" HAVING COUNT(*) > 1 ORDER BY first_row LIMIT 1'
        for value, first, last in file.ask(rows, repeated):
            yield f"has {name} {value} in rows {first} and {last}: leave one row for each"


_FILE_CHECKS = (
    _other_formats,
    _repeated_columns,
    _missing_columns,
    _wrong_types,
    _contradicting_folders,
    _absurd_times,
    _empty_values,
    _repeated_keys,
)
"""What may be wrong with a file; each gives what comes behind its path in the message."""


def _mixed_folders(files: list[_File]) -> Iterator[str]:
    """All files lie in folders such as event_name=page_view, or none does: DuckDB reads no mixture."""
    for file in files:
        for name in sorted(file.folder_values.keys() ^ files[0].folder_values.keys()):
            yield f"{name}=… is a folder above {files[0].path.name} or above {file.path}, but not above both"


def _unknown_fields(files: list[_File]) -> Iterator[str]:
    """Without any value of theirs the answers would be empty and look right; no row at all is no fault."""
    for field in files[0].source.known_fields if files else ():
        column = field.partition("[")[0]
        is_known = any(column in file.types and file.first_row(f"{field} IS NOT NULL") for file in files)
        if not is_known and any(file.first_row("TRUE") for file in files):
            yield f"{field} is NULL on every row, so {files[0].source.name} is of no use"


def _can_read(actual: DuckDBPyType, expected: DuckDBPyType) -> bool:
    """Say whether a column of one type can stand for another without a value changing its meaning."""
    if expected.id in ("timestamp with time zone", "timestamp"):
        return actual.id.startswith("timestamp")
    if expected.id == "integer":
        return actual.id in _INTEGERS
    if expected.id == "list":
        return actual.id == "list" and _can_read(children(actual)["child"], children(expected)["child"])
    if expected.id == "struct":
        fields = children(actual) if actual.id == "struct" else {}
        shared = [(fields[name], wanted) for name, wanted in children(expected).items() if name in fields]
        return bool(shared) and all(_can_read(field, wanted) for field, wanted in shared)
    return actual.id == expected.id
