"""What the readers of DuckDB have in common: opening what a build has made, telling errors, short questions."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

Row = dict[str, Any]


class DatabaseError(Exception):
    """A database cannot be read; the message says why and what to do."""


@contextlib.contextmanager
def opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file, to be read only.

    Raises:
        DatabaseError: it is not there, is not what `make build` makes, or may not be read now.
    """
    if not database.is_file():
        what = "is a folder, move it away" if database.is_dir() else "is not there"
        raise DatabaseError(f"{database} {what}: run `make build` first")
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            yield connection
    except duckdb.Error as error:
        raise DatabaseError(f"{database} {_why_unreadable(error)}") from error


@contextlib.contextmanager
def in_utc() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give an empty database in memory to which a time without a zone is UTC, wherever the machine is."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _why_unreadable(error: duckdb.Error) -> str:
    reason = first_line(error)
    if "set lock" in reason:
        holder = re.search(r"\(PID \d+\)", reason)
        return f"is being written by another program{f' {holder[0]}' if holder else ''}: close it there"
    if "Permission denied" in reason:
        return "cannot be read: Permission denied"
    return f"cannot be read, run `make build` again ({reason})"


def first_line(error: duckdb.Error) -> str:
    """Return what DuckDB says, without the statement that it draws below."""
    return str(error).splitlines()[0]


def os_error(error: duckdb.Error) -> OSError:
    """Return the system's error of a disk, which DuckDB tells in words of its own."""
    number = re.search(r'"errno":"(\d+)"', str(error))
    words = os.strerror(int(number[1])) if number else first_line(error).rpartition(": ")[2]
    return OSError(int(number[1]) if number else 0, words)


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach a database file under a name, to be read only."""
    connection.execute(f"ATTACH {literal(path)} AS {name} (READ_ONLY)")


def literal(text: str | Path) -> str:
    """Return a text as SQL writes it: what takes no parameter needs it, such as ATTACH, COPY and statements to show."""
    return "'" + str(text).replace("'", "''") + "'"


def children(nested: DuckDBPyType) -> dict[str, DuckDBPyType]:
    """Return the types inside of a list, under the name child, or of a struct, by the names of its fields."""
    return {name: kind for name, kind in nested.children if isinstance(kind, DuckDBPyType)}


def number_of(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Return the whole number that a statement gives in its only row."""
    ((number,),) = connection.execute(sql).fetchall()
    return int(number)


def row_count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Return how many rows a relation has."""
    return number_of(connection, f"SELECT COUNT(*) FROM {relation}")


def rows_of(cursor: duckdb.DuckDBPyConnection) -> list[Row]:
    """Return what a statement found: one dictionary per row, by column name."""
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def grouped(rows: list[Row], column: str) -> list[tuple[Any, list[Row]]]:
    """Return the rows by the value of a column, in which they are in order."""
    return [(value, list(group)) for value, group in groupby(rows, key=itemgetter(column))]
