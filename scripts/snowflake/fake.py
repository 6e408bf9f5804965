"""Snowflake on DuckDB, in this process: fakesnow, with what dbt-snowflake needs and fakesnow lacks mended."""

from __future__ import annotations

import contextlib
import re
import string
import unittest.mock
from collections.abc import Iterator
from typing import Any, ClassVar

import duckdb
import fakesnow.conn
import fakesnow.cursor
import fakesnow.instance
import sqlglot
from fakesnow.rowtype import describe_as_result_metadata
from snowflake.connector.cursor import ResultMetadata
from sqlglot import exp

_DATABASES = ("raw", "prep", "prod")

# fakesnow's looks in the session's own database only, and takes ten times as long; dbt reads names and types
_DESCRIBE_TABLE = string.Template(
    """
    SELECT column_name AS "name"
         , CASE
               WHEN data_type LIKE 'DECIMAL%' THEN REPLACE(data_type, 'DECIMAL', 'NUMBER')
               WHEN data_type LIKE '%INT%' THEN 'NUMBER(38,0)'
               WHEN data_type = 'DOUBLE' THEN 'FLOAT'
               WHEN data_type = 'JSON' THEN 'VARIANT'
               WHEN data_type = 'TIMESTAMP' THEN 'TIMESTAMP_NTZ(9)'
               WHEN data_type = 'VARCHAR' THEN 'VARCHAR(16777216)'
               ELSE data_type
           END AS "type"
      FROM duckdb_columns()
     WHERE database_name = '${catalog}' AND schema_name = '${schema}' AND table_name = '${table}'
     ORDER BY column_index
    """
)
# What of dbt's statements is known by its text: all but what depends on the session before it.
_REPEATABLE = re.compile(r"(\s|--[^\n]*\n)*(select|with|create|describe|drop)\b", re.IGNORECASE)


@contextlib.contextmanager
def fake_snowflake() -> Iterator[duckdb.DuckDBPyConnection]:
    """Let `snowflake.connector.connect` connect to a fake in this process, and yield the DuckDB beneath it."""
    instance = fakesnow.instance.FakeSnow()

    def connect(**arguments: Any) -> _Connection:
        return _Connection(instance.duck_conn.cursor(), instance.results_cache, **arguments)

    with (
        unittest.mock.patch("snowflake.connector.connect", connect),
        unittest.mock.patch("fakesnow.transforms.transforms.SQL_DESCRIBE_TABLE", _DESCRIBE_TABLE),
        # it makes every sum a float, so that texts can be summed; we sum none, and whole numbers stay whole there
        unittest.mock.patch("fakesnow.transforms.numeric_agg_implicit_cast", lambda expression: expression),
    ):
        for database in _DATABASES:
            connect(database=database).close()
        yield instance.duck_conn
    instance.duck_conn.close()


class _Connection(fakesnow.conn.FakeSnowflakeConnection):
    translated: ClassVar[dict[str, sqlglot.Expr]] = {}

    def cursor(self, *arguments: Any, **options: Any) -> _Cursor:
        return _Cursor(self, self._duck_conn, *arguments)


class _Cursor(fakesnow.cursor.FakeSnowflakeCursor):
    _conn: _Connection

    def execute(self, command: str, params: Any = None, *arguments: Any, **options: Any) -> _Cursor:
        # reading and translating takes most of the time, and a second build says the same again
        if params is None and (known := self._conn.translated.get(command)):
            self._execute(known)
        else:
            super().execute(command, params, *arguments, **options)
            if params is None and _REPEATABLE.match(command):
                translated: Any = self._last_transformed
                self._conn.translated[command] = translated
        return self

    @property
    def description(self) -> list[ResultMetadata]:
        """Columns of the last result, as DuckDB has them; fakesnow would read and plan the statement again."""
        columns = [(name, str(kind), None, None, None, None) for name, kind, *_ in self._duck_conn.description]
        return describe_as_result_metadata(columns)

    def _transform(self, expression: sqlglot.Expr, params: Any) -> sqlglot.Expr:
        _drop_temporary(expression)
        in_place: Any = _InPlace(expression)  # passes for one
        changed: Any = super()._transform(in_place, params)
        translated: sqlglot.Expr = changed.expression
        return translated

    def _execute(self, transformed: sqlglot.Expr, params: Any = None) -> None:
        try:
            super()._execute(transformed, params)
        except Exception:
            # Snowflake goes on after a failed statement, DuckDB only after a rollback
            with contextlib.suppress(duckdb.TransactionException):
                self._duck_conn.rollback()
            raise


class _InPlace:
    """A statement changed in place: the fakesnow that Python 3.10 gets copies it before each of sixty passes."""

    def __init__(self, expression: sqlglot.Expr) -> None:
        self.expression = expression

    def transform(self, change: Any, *arguments: Any, **options: Any) -> _InPlace:
        return _InPlace(self.expression.transform(change, *arguments, **{**options, "copy": False}))


def _drop_temporary(expression: sqlglot.Expr) -> None:
    """Make a temporary table with a three-part name an ordinary one: DuckDB's own live in a database of theirs."""
    table = expression.find(exp.Table) if isinstance(expression, exp.Create) else None
    if table is not None and table.db:
        for temporary in expression.find_all(exp.TemporaryProperty):
            temporary.pop()
