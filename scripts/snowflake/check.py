"""Prove without an account that the models run on Snowflake and say the same there as on DuckDB.

dbt builds the project with the real dbt-snowflake adapter on a fake Snowflake in this process: a full build of all but
the newest events, then an incremental build with them, each with every data test and unit test. Then every relation is
compared with DuckDB's, row by row, and the compiled SQL is held against what Snowflake knows: the fake is more liberal.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.databases import attach, literal, row_count
from scripts.dbt_run import failures, in_one_line, node_results
from scripts.packages import PackagesError, provide_dbt_utils
from scripts.snowflake.lint import lint_all
from scripts.snowflake.parity import differences
from scripts.snowflake.source_tables import create_table_sql, fill
from scripts.source_checks import check_data_dir
from scripts.sources import SourceError, declared_sources

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

_NEWEST_SHARE = 0.1  # of the deliveries, by load time: they come with the incremental build

# Nobody's account: without the fake these reach nothing.
_ENVIRONMENT = {
    "SNOWFLAKE_ACCOUNT": "fakesnow",
    "SNOWFLAKE_USER": "fake",
    "SNOWFLAKE_PASSWORD": "snow",
    "SNOWFLAKE_ROLE": "sysadmin",
    "SNOWFLAKE_WAREHOUSE": "wh",
    "SNOWFLAKE_PRIVATE_KEY_PATH": "",
    "SNOWFLAKE_DEVELOPER": "",
}


class CheckError(Exception):
    """The project does not hold on Snowflake; the message has a line for each finding, with file and construct."""


def lint(manifest: Manifest) -> int:
    """Hold the compiled models, tests and SQL fixtures against what Snowflake knows, and return how many there are.

    Raises:
        CheckError: something in them is DuckDB's only.
    """
    statements = _statements(manifest)
    findings = lint_all(statements)
    if findings:
        raise CheckError("\n".join(f"{path}: {line}" for path in sorted(findings) for line in findings[path]))
    return len(statements)


def _statements(manifest: Manifest) -> dict[str, str]:
    """Return every statement of the project's own, each under its file and, where a file has several, its name."""
    from dbt.artifacts.resources.types import NodeType
    from dbt.contracts.graph.nodes import CompiledNode

    own = [node for node in manifest.nodes.values() if node.package_name == manifest.metadata.project_name]
    statements = {
        node.original_file_path
        if node.resource_type == NodeType.Model
        else f"{node.original_file_path}: {node.name}": node.compiled_code or ""
        for node in own
        if isinstance(node, CompiledNode) and node.resource_type in (NodeType.Model, NodeType.Test)
    }
    for test in manifest.unit_tests.values():
        fixtures = {str(given.input): given for given in test.given} | {"expect": test.expect}
        for name, fixture in fixtures.items():
            if isinstance(fixture.rows, str):
                statements[f"{test.original_file_path}: {test.name}: {name}"] = fixture.rows
    return statements


def build_on_fake(connection: duckdb.DuckDBPyConnection, manifest: Manifest, data_dir: Path) -> None:
    """Build the project twice on the fake Snowflake beneath the connection: in full, then with the newest events.

    Raises:
        CheckError: a model or a test failed.
    """
    import snowflake.connector

    sources = declared_sources(PROJECT_DIR)
    with snowflake.connector.connect(database="raw") as session:
        for source in sources:
            database, schema, _ = source.relation.split(".")
            session.cursor().execute(f"CREATE SCHEMA IF NOT EXISTS {database}.{schema}")
            session.cursor().execute(create_table_sql(source))
    events, *others = sorted(sources, key=lambda source: source.name != "snowplow.events")
    files = literal(data_dir / events.files)
    newest = f"(SELECT quantile_disc(load_tstamp, {1 - _NEWEST_SHARE}) FROM read_parquet({files}))"
    for source in others:
        fill(connection, source, data_dir)

    fill(connection, events, data_dir, f"load_tstamp <= {newest}")
    _timed("full build", lambda: _built(manifest, "--full-refresh"))
    fill(connection, events, data_dir, f"load_tstamp > {newest}")
    _timed("incremental build", lambda: _built(manifest))


def _parsed() -> Manifest:
    from dbt.contracts.graph.manifest import Manifest

    manifest = _dbt(None, "parse").result
    assert isinstance(manifest, Manifest)
    return manifest


def _built(manifest: Manifest, *options: str) -> str:
    """Build on the fake Snowflake, and return in words how many nodes passed."""
    results = node_results(_dbt(manifest, "build", *options))
    if failed := failures(results):
        raise CheckError(
            "\n".join([*map(str, failed.values()), f"dbt build on the fake Snowflake: {len(failed)} nodes failed"])
        )
    return f"{len(results)} nodes passed"


def _dbt(manifest: Manifest | None, *arguments: str) -> dbtRunnerResult:
    """Run dbt on the Snowflake target in this process."""
    from dbt.cli.main import dbtRunner

    # one thread: what the fake does on the side, such as noting the lengths of texts, does not stand two
    flags = ["--no-use-colors", "--log-level", "none", "--log-level-file", "none", "--warn-error"]
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    outcome = dbtRunner(manifest).invoke([*flags, *arguments, *folders, "--target", "snowflake", "--threads", "1"])
    if outcome.exception is not None:
        raise CheckError(f"dbt {arguments[0]} --target snowflake: {in_one_line(outcome.exception)}")
    return outcome


def build_on_duckdb(data_dir: Path, warehouse_dir: Path) -> None:
    """Build the same data with DuckDB, in a process of its own.

    Raises:
        CheckError: the build failed.
    """
    environment = {**os.environ, "DATA_DIR": str(data_dir), "WAREHOUSE_DIR": str(warehouse_dir)}
    environment |= {"DBT_TARGET_PATH": str(warehouse_dir / "target"), "DBT_LOG_PATH": str(warehouse_dir / "logs")}
    command = [sys.executable, "-m", "scripts.build"]
    outcome = subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)
    if outcome.returncode != 0:
        raise CheckError(f"the build on DuckDB failed:\n{outcome.stderr.strip()}")


def compare(connection: duckdb.DuckDBPyConnection, manifest: Manifest, warehouse_dir: Path) -> str:
    """Compare every relation of the fake Snowflake with DuckDB's, and return in words how many were equal.

    Raises:
        CheckError: rows differ.
    """
    for database in ("prep", "prod"):
        attach(connection, warehouse_dir / f"{database}.duckdb", f"local_{database}")
    relations = {
        node.original_file_path: f"{node.database}.{node.schema}.{node.name}"
        for node in manifest.nodes.values()
        if node.resource_type in ("model", "seed")
    }
    lines = [
        f"{path}: {line}"
        for path, relation in relations.items()
        for line in differences(connection, f"local_{relation}", relation)
    ]
    if lines:
        raise CheckError("\n".join(lines))
    rows = sum(row_count(connection, relation) for relation in relations.values())
    return f"{len(relations)} relations, {rows:,} rows, 0 differ"


def _timed(what: str, action: Callable[[], str]) -> None:
    started = time.monotonic()
    outcome = action()
    print(f"{what:<18} {outcome} ({time.monotonic() - started:.0f} s)", flush=True)


def check(data_dir: Path, warehouse_dir: Path | None, is_only_lint: bool) -> None:
    """Run the whole check, or its lint only; DuckDB's databases are built unless a folder already has them.

    Raises:
        CheckError, SourceError, PackagesError: what the check found, or why it could not begin.
    """
    check_data_dir(data_dir, declared_sources(PROJECT_DIR))
    provide_dbt_utils(PROJECT_DIR)
    with tempfile.TemporaryDirectory(prefix="snowflake-check-", ignore_cleanup_errors=True) as folder:
        os.environ.update(_ENVIRONMENT, DBT_TARGET_PATH=f"{folder}/target", DBT_LOG_PATH=f"{folder}/logs")
        from scripts.snowflake.fake import fake_snowflake

        with fake_snowflake() as connection, ThreadPoolExecutor() as others:
            versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("dbt-snowflake", "fakesnow"))
            what = "the compiled SQL" if is_only_lint else "two builds of every model and test, two minutes or so"
            print(f"{versions}: {what}", flush=True)
            manifest = _parsed()
            _dbt(manifest, "compile", "--no-populate-cache")
            linted = others.submit(lint, manifest)
            problems = []
            try:
                if not is_only_lint:
                    local_dir = warehouse_dir or Path(folder)
                    built = None if warehouse_dir else others.submit(build_on_duckdb, data_dir, local_dir)
                    build_on_fake(connection, manifest, data_dir)
                    if built:
                        built.result()
                    _timed("rows", lambda: compare(connection, manifest, local_dir))
            except CheckError as error:
                problems.append(str(error))
            try:
                _timed("lint", lambda: f"{linted.result()} statements, 0 findings")
            except CheckError as error:
                problems.append(str(error))
    if problems:
        raise CheckError("\n".join(problems))


def main() -> int:
    """Run `python -m scripts.snowflake.check`."""
    parser = Parser(prog="python -m scripts.snowflake.check", description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("DATA_DIR") or "data", help="default: data")
    parser.add_argument("--warehouse-dir", type=Path, help="DuckDB's databases of the same data and models, if built")
    parser.add_argument("--only-lint", action="store_true", help="only look at the compiled SQL: in seconds")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning, module="fakesnow")  # how it reads results
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it says of each table that DuckDB has no transient ones
    try:
        check(arguments.data_dir.resolve(), arguments.warehouse_dir, arguments.only_lint)
    except (SourceError, PackagesError) as error:
        print(error, file=sys.stderr)
        return 2
    except CheckError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
