"""What dbt has built, held in memory: every model's SQL and table, every test's SQL, to be run again with a fault."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from scripts.databases import attach, first_line

_TIME_LIMIT = 10.0  # seconds for one statement: what takes longer is as wrong as a wrong result
_DATABASES = ("raw", "prep", "prod")
_DATABASE = re.compile(rf'"?\b(?:{"|".join(_DATABASES)})"?\.(?="?\w+"?\.)')
_NO_QUERY = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)


@dataclass(frozen=True)
class UnitTest:
    """A unit test: the model's query over hand-made rows, inside the query that holds it against what is expected."""

    name: str
    query: str
    whole: str


@dataclass(frozen=True)
class DataTest:
    """A query that finds the rows that should not be."""

    name: str
    kind: str
    """The generic test's name, or singular."""
    arguments: dict[str, Any]
    tables: tuple[str, ...]
    """What it reads, the tested table first."""
    sql: str
    path: str


@dataclass(frozen=True)
class Table:
    """A model, seed or source."""

    name: str
    """Schema and table."""
    kind: str
    """Model, seed or source, in lower case."""
    sql: str
    """The query that makes it; none for a seed and a source."""
    parents: tuple[str, ...]
    """What it reads, by dbt's ids."""
    has_contract: bool
    path: str
    unit_tests: tuple[UnitTest, ...]

    @property
    def short(self) -> str:
        """The name without schema."""
        return self.name.rpartition(".")[2]


def _here(sql: str) -> str:
    """Return the query without databases' names: everything is in one, so that one transaction can change it."""
    return _DATABASE.sub("", sql)


class Project:
    """The tables and tests of one build, in a database in memory."""

    def __init__(self, target_dir: Path, warehouse_dir: Path) -> None:
        self._target_dir = target_dir
        self._manifest = json.loads((target_dir / "manifest.json").read_text(encoding="utf-8"))
        self._nodes = {**self._manifest["sources"], **self._manifest["nodes"]}
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = FALSE")
        self._by_key = self._load(warehouse_dir)
        self.tables = {table.name: table for table in self._by_key.values()}
        self._columns = {name: self.columns(name) for name in self.tables}
        self._contents = {name: self._content(name) for name in self.tables}
        self.data_tests = list(self._data_tests())

    @property
    def models(self) -> list[Table]:
        """What has a query."""
        return [table for table in self.tables.values() if table.sql]

    def _load(self, warehouse_dir: Path) -> dict[str, Table]:
        """Copy every table that dbt built, and return them by dbt's ids."""
        unit_tests = self._unit_tests()
        for name in _DATABASES:
            attach(self.connection, warehouse_dir / f"{name}.duckdb", name)
        listed = self.connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        found = {}
        for key, node in self._nodes.items():
            schema, name = node["schema"], node.get("identifier") or node["name"]
            if node["resource_type"] not in ("source", "seed", "model") or (schema, name) not in listed:
                continue
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            self.connection.execute(f"CREATE TABLE {schema}.{name} AS FROM {node['database']}.{schema}.{name}")
            found[key] = Table(
                name=f"{schema}.{name}",
                kind=node["resource_type"],
                sql=_here(node.get("compiled_code") or ""),
                parents=tuple(node.get("depends_on", {}).get("nodes", ())),
                has_contract=node.get("contract", {}).get("enforced", False),
                path=node["original_file_path"],
                unit_tests=tuple(unit_tests[key]),
            )
        for name in _DATABASES:
            self.connection.execute(f"DETACH {name}")
        return found

    def _unit_tests(self) -> dict[str, list[UnitTest]]:
        """Return those that dbt has run, by the id of their model."""
        found = defaultdict(list)
        for test in self._manifest["unit_tests"].values():
            folder = Path(test["package_name"]) / test["original_file_path"]
            file = folder / Path(test["original_file_path"]).parent / f"{test['name']}.sql"
            if (self._target_dir / "run" / file).is_file():
                query, whole = (
                    _here((self._target_dir / kind / file).read_text(encoding="utf-8")) for kind in ("compiled", "run")
                )
                assert query in whole, f"{file}: dbt writes unit tests in another way now"
                found[test["depends_on"]["nodes"][0]].append(UnitTest(test["name"], query, whole))
        return found

    def _data_tests(self) -> Iterator[DataTest]:
        for node in self._manifest["nodes"].values():
            if node["resource_type"] != "test" or "compiled_code" not in node:
                continue
            made_of = node.get("test_metadata") or {"name": "singular", "kwargs": {}}
            attached, keys = node.get("attached_node"), node["depends_on"]["nodes"]
            keys = sorted((key for key in keys if key in self._by_key), key=lambda key: key != attached)
            yield DataTest(
                name=node["name"],
                kind=made_of["name"],
                arguments=made_of["kwargs"],
                tables=tuple(self._by_key[key].name for key in keys),
                sql=_here(node["compiled_code"]),
                path=node["original_file_path"],
            )

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return names and types of a table's columns."""
        return [(name, kind) for name, kind, *_ in self.connection.execute(f"DESCRIBE {table}").fetchall()]

    def _content(self, table: str) -> tuple[Any, ...]:
        """Return what differs when a row does."""
        hashes = "COUNT(*), BIT_XOR(HASH(rows)), SUM(CAST(HASH(rows) AS HUGEINT))"
        return self.execute(f"SELECT {hashes} FROM {table} AS rows")[0]

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement within the time limit.

        Raises:
            TimeoutError: it took longer.
        """
        timer = threading.Timer(_TIME_LIMIT, self.connection.interrupt)
        timer.start()
        try:
            return self.connection.execute(sql).fetchall()
        except duckdb.InterruptException as error:
            raise TimeoutError from error
        finally:
            timer.cancel()

    @contextmanager
    def changed(self) -> Iterator[None]:
        """Take back whatever is changed inside."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def is_query(self, sql: str) -> bool:
        """Say whether it is a query at all."""
        try:
            self.connection.execute(f"EXPLAIN {sql}")
        except _NO_QUERY:
            return False
        except duckdb.Error:
            return True
        return True

    def passes(self, unit_test: UnitTest, query: str) -> bool:
        """Say whether the unit test passes with this query in the model's place."""
        try:
            rows = self.execute(unit_test.whole.replace(unit_test.query, query))
        except (duckdb.Error, TimeoutError):
            return False
        actual, expected = (
            Counter(repr(row[:-1]) for row in rows if row[-1] == side) for side in ("actual", "expected")
        )
        return actual == expected

    def failing(self, tables: set[str]) -> list[str]:
        """Return the data tests of these tables that find a row."""
        return [test.name for test in self.data_tests if tables & {*test.tables} and self.finds(test)]

    def finds(self, test: DataTest, rule: str = "") -> bool:
        """Say whether the test finds a row, and names the rule if one is given."""
        try:
            if not rule:
                return bool(self.execute(f"SELECT 1 FROM ({test.sql}\n) LIMIT 1"))
            return any(rule in row[0].split("; ") for row in self.execute(test.sql))
        except (duckdb.Error, TimeoutError):
            return True

    def rebuild(self, changed: set[str], queries: dict[str, str]) -> tuple[set[str], str]:
        """Make the models with these queries again, and whatever reads what changes by it.

        Returns the changed tables, and why the build or a contract broke, if it did.
        """
        changed = {*changed}
        for table in self._in_order():
            parents = {self._by_key[key].name for key in table.parents if key in self._by_key}
            if table.name not in queries and not changed & parents:
                continue
            try:
                self.execute(f"CREATE OR REPLACE TABLE {table.name} AS {queries.get(table.name, table.sql)}")
                if self._content(table.name) != self._contents[table.name]:
                    changed.add(table.name)
            except TimeoutError:
                return changed, f"build of {table.short}: time is up"
            except duckdb.Error as error:
                return changed, f"build of {table.short}: {first_line(error)}"
            if table.has_contract and self.columns(table.name) != self._columns[table.name]:
                return changed, f"contract of {table.short}"
        return changed, ""

    def _in_order(self) -> list[Table]:
        """Return the models, each after those that it reads."""
        ordered: dict[str, Table] = {}

        def add(table: Table) -> None:
            if table.sql and table.name not in ordered:
                for key in table.parents:
                    if key in self._by_key:
                        add(self._by_key[key])
                ordered[table.name] = table

        for table in self.models:
            add(table)
        return list(ordered.values())
