"""Run dbt in this process, and say in a few lines what failed."""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import os
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult
    from dbt_common.events.base_types import EventMsg

FAILURES = ("error", "fail", "runtime error", "warn")
_SHOWN_ROWS = 3


class BuildError(Exception):
    """A model or a test failed; the message has a line for each, and the first rows that a test found."""


def code_fingerprint(project_dir: Path) -> str:
    """Return what changes when anything does that a unit test reads: they depend on code and versions, not on data."""
    versions = [importlib.metadata.version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb")]
    digest = hashlib.sha256(" ".join(versions).encode())
    folders = (project_dir / name for name in ("models", "macros", "seeds", "dbt_packages"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    single_files = (project_dir / name for name in ("dbt_project.yml", "profiles.yml"))
    for file in sorted([*files, *single_files]):
        digest.update(f"\0{file.relative_to(project_dir).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def run_dbt(project_dir: Path, data_dir: Path, building_dir: Path, console: Console, without_unit_tests: bool) -> int:
    """Run `dbt build` in this process, with a progress bar on a terminal, and return how many nodes passed.

    Raises:
        BuildError: a model or a test failed.
        KeyboardInterrupt: the user stopped it.
    """
    # DuckDB takes the folder as the beginning of a pattern: its own brackets and asterisks are meant literally
    os.environ.update(DATA_DIR=glob.escape(str(data_dir)), WAREHOUSE_DIR=str(building_dir))

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("dbt build", total=None)

        def on_event(event: EventMsg) -> None:
            if event.info.name == "ConcurrencyLine":
                progress.update(task, total=event.data.node_count)
            elif event.info.name == "NodeFinished":
                progress.advance(task)

        flags = ["--warn-error", "--log-level", "none", "--use-colors" if console.is_terminal else "--no-use-colors"]
        folders = ["--project-dir", str(project_dir), "--profiles-dir", str(project_dir)]
        excluded = ["--exclude-resource-type", "unit_test"] if without_unit_tests else []
        outcome = dbtRunner(callbacks=[on_event]).invoke([*flags, "build", *folders, *excluded])
    DuckDBConnectionManager.close_all_connections()

    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if outcome.exception is not None:
        raise BuildError(f"dbt could not start the build: {outcome.exception}")
    failures = [result for result in outcome.result.results if result.status in FAILURES]
    if failures:
        lines = [line for result in failures for line in _failure_lines(result, building_dir)]
        raise BuildError("\n".join([*lines, f"{len(failures)} of {len(outcome.result.results)} dbt nodes failed"]))
    return len(outcome.result.results)


def _failure_lines(result: RunResult, building_dir: Path) -> list[str]:
    """Say which node failed and why; of a data test with the first rows that it found."""
    lines = [f"{result.node.original_file_path}: {result.node.name}: {result.message}"]
    if result.status == "fail" and result.node.resource_type == "test":
        with duckdb.connect() as connection:
            for name in ("raw", "prep", "prod"):
                path = str(building_dir / f"{name}.duckdb").replace("'", "''")
                connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
            connection.execute("USE prod.product")
            cursor = connection.execute(f"SELECT * FROM (\n{result.node.compiled_code}\n) LIMIT {_SHOWN_ROWS}")
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
        lines += [
            "    " + ", ".join(f"{name}: {value}" for name, value in zip(names, row, strict=True)) for row in rows
        ]
    return lines
