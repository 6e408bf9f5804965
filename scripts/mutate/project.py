"""What dbt has built, held in memory: every model's SQL and table, every test's SQL, to be run again with a fault."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from scripts.databases import attach

_TIME_LIMIT = 10.0  # seconds for one statement: what takes longer is as wrong as a wrong result
_DATABASE = re.compile(r'"?\b(?:raw|prep|prod)"?\.(?="?\w+"?\.)')
INVALID = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException)
"""What DuckDB says of a query that is none: such a fault nobody could overlook."""


@dataclass(frozen=True)
class UnitTest:
    """A unit test: the model's query over hand-made rows, inside the query that holds it against what is expected."""

    name: str
    query: str
    whole: str

    def with_query(self, query: str) -> str:
        """Return the whole with another query in the model's place."""
        return self.whole.replace(self.query, query)


@dataclass(frozen=True)
class DataTest:
    """A query that finds the rows that should not be."""

    name: str
    kind: str
    """The generic test's name, or singular."""
    column: str | None
    arguments: dict[str, Any]
    tables: tuple[str, ...]
    """What it reads, the tested table first."""
    sql: str
    path: str
    guards: str
    """What it guards, if no fault of a row can show it."""


@dataclass(frozen=True)
class Table:
    """A model, seed or source."""

    name: str
    """Schema and table."""
    key: str
    """dbt's id."""
    sql: str
    """The query that makes it; none for a seed and a source."""
    raw: str
    """What its author wrote."""
    parents: tuple[str, ...]
    has_contract: bool
    path: str
    unit_tests: tuple[UnitTest, ...] = field(default=(), compare=False)

    @property
    def short(self) -> str:
        """The name without schema."""
        return self.name.rpartition(".")[2]


def _here(sql: str) -> str:
    """Return the query without databases' names: everything is in one, so that one transaction can change it."""
    return _DATABASE.sub("", sql)


class Project:
    """The tables and tests of one build, in a database in memory."""

    def __init__(self, target_dir: Path, warehouse_dir: Path, threads: int = 1) -> None:
        self._target_dir = target_dir
        self._manifest = json.loads((target_dir / "manifest.json").read_text(encoding="utf-8"))
        units = self._unit_tests()
        self.tables: dict[str, Table] = {}
        for node in [*self._manifest["sources"].values(), *self._manifest["nodes"].values()]:
            if node["resource_type"] in ("source", "seed", "model"):
                sql = _here(node.get("compiled_code") or "")
                self.tables[f"{node['schema']}.{node.get('identifier') or node['name']}"] = Table(
                    name=f"{node['schema']}.{node.get('identifier') or node['name']}",
                    key=node["unique_id"],
                    sql=sql,
                    raw=node.get("raw_code", ""),
                    parents=tuple(node.get("depends_on", {}).get("nodes", ())),
                    has_contract=node.get("contract", {}).get("enforced", False),
                    path=node["original_file_path"],
                    unit_tests=tuple(units.get(node["name"], ())) if node["resource_type"] == "model" else (),
                )
        self._by_key = {table.key: table for table in self.tables.values()}
        self.data_tests = self._data_tests()
        self.connection = duckdb.connect(config={"threads": threads})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET enable_progress_bar = FALSE")
        self._load(warehouse_dir)

    @property
    def models(self) -> list[Table]:
        """What has a query."""
        return [table for table in self.tables.values() if table.sql]

    def _unit_tests(self) -> dict[str, list[UnitTest]]:
        found = defaultdict(list)
        for test in self._manifest["unit_tests"].values():
            name, folder = test["name"], Path(test["package_name"]) / test["original_file_path"]
            inner = Path("models") / Path(test["original_file_path"]).relative_to("models").parent / f"{name}.sql"
            whole = self._target_dir / "run" / folder / inner
            query = self._target_dir / "compiled" / folder / inner
            if whole.is_file():
                texts = [_here(path.read_text(encoding="utf-8")) for path in (query, whole)]
                if texts[0] not in texts[1]:
                    raise ValueError(f"{whole}: dbt writes unit tests in another way now")
                found[test["model"]].append(UnitTest(name, *texts))
        return found

    def _data_tests(self) -> list[DataTest]:
        tests = []
        for node in self._manifest["nodes"].values():
            if node["resource_type"] != "test" or "compiled_code" not in node:
                continue
            made_of = node.get("test_metadata") or {"name": "singular", "kwargs": {}}
            keys = node["depends_on"]["nodes"]
            if attached := node.get("attached_node"):
                keys = [attached, *(key for key in keys if key != attached)]
            tests.append(
                DataTest(
                    name=node["name"],
                    kind=made_of["name"],
                    column=node.get("column_name"),
                    arguments={key: value for key, value in made_of["kwargs"].items() if key != "model"},
                    tables=tuple(self._by_key[key].name for key in keys),
                    sql=_here(node["compiled_code"]),
                    path=node["original_file_path"],
                    guards=node["config"]["meta"].get("guards", ""),
                )
            )
        return tests

    def _load(self, warehouse_dir: Path) -> None:
        for name in ("raw", "prep", "prod"):
            attach(self.connection, warehouse_dir / f"{name}.duckdb", name)
        database_of = {
            node["schema"]: node["database"] for node in [*self._manifest["sources"].values(), *self._manifest["nodes"].values()]
        }
        there = {
            f"{schema}.{name}"
            for schema, name in self.connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables"
            ).fetchall()
        }
        self.tables = {name: table for name, table in self.tables.items() if name in there}
        self.data_tests = [test for test in self.data_tests if {*test.tables} <= there]
        for schema in {table.name.partition(".")[0] for table in self.tables.values()}:
            self.connection.execute(f"CREATE SCHEMA {schema}")
        for table in self.tables.values():
            schema = table.name.partition(".")[0]
            self.connection.execute(f"CREATE TABLE {table.name} AS SELECT * FROM {database_of[schema]}.{table.name}")
        for name in ("raw", "prep", "prod"):
            self.connection.execute(f"DETACH {name}")

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Return names and types of a table's columns."""
        return [tuple(row[:2]) for row in self.connection.execute(f"DESCRIBE {table}").fetchall()]

    @cached_property
    def _columns(self) -> dict[str, list[tuple[str, str]]]:
        return {name: self.columns(name) for name in self.tables}

    @cached_property
    def _contents(self) -> dict[str, tuple[Any, ...]]:
        return {name: self.contents(name) for name in self.tables}

    def remember(self) -> None:
        """Look at every table before any is changed."""
        assert self._columns.keys() == self._contents.keys()

    def contents(self, table: str) -> tuple[Any, ...]:
        """Return what differs when a row does."""
        (found,) = self.execute(f"SELECT COUNT(*), BIT_XOR(HASH(row)), SUM(CAST(HASH(row) AS HUGEINT)) FROM {table} AS row")
        return found

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

    def is_valid(self, sql: str) -> bool:
        """Say whether it is a query at all."""
        try:
            self.connection.execute(f"EXPLAIN {sql}")
        except INVALID:
            return False
        except duckdb.Error:
            return True
        return True

    def passes(self, unit_test: UnitTest, query: str) -> bool:
        """Say whether the unit test passes with this query in the model's place."""
        try:
            rows = self.execute(unit_test.with_query(query))
        except (duckdb.Error, TimeoutError):
            return False
        actual = Counter(repr(row[:-1]) for row in rows if row[-1] == "actual")
        return actual == Counter(repr(row[:-1]) for row in rows if row[-1] == "expected")

    def failing(self, tables: set[str]) -> list[str]:
        """Return the data tests of these tables that find a row."""
        return [test.name for test in self.data_tests if tables & {*test.tables} and self.finds(test)]

    def finds(self, test: DataTest) -> bool:
        """Say whether the test finds a row."""
        try:
            return bool(self.execute(f"SELECT 1 FROM ({test.sql}\n) LIMIT 1"))
        except (duckdb.Error, TimeoutError):
            return True

    def rebuild(self, changed: set[str], queries: dict[str, str]) -> tuple[set[str], str]:
        """Make the models with these queries again, and whatever reads what changes by it.

        Returns the changed tables, and why the build or a contract broke, if it did.
        """
        changed = {*changed}
        for table in self._in_order:
            if table.name not in queries and not changed & {self._by_key[key].name for key in table.parents}:
                continue
            try:
                self.execute(f"CREATE OR REPLACE TABLE {table.name} AS {queries.get(table.name, table.sql)}")
                if self.contents(table.name) != self._contents[table.name]:
                    changed.add(table.name)
            except TimeoutError:
                return changed, f"build of {table.short}: time is up"
            except duckdb.Error as error:
                return changed, f"build of {table.short}: {str(error).splitlines()[0]}"
            if table.has_contract and self.columns(table.name) != self._columns[table.name]:
                return changed, f"contract of {table.short}"
        return changed, ""

    @cached_property
    def _in_order(self) -> list[Table]:
        """The models, each after those that it reads."""
        ordered: dict[str, Table] = {}

        def add(table: Table) -> None:
            for key in table.parents:
                if (parent := self._by_key[key]).sql:
                    add(parent)
            ordered.setdefault(table.name, table)

        for table in self.models:
            add(table)
        return list(ordered.values())
