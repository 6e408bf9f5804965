"""Run dbt in this process, and say in a few lines what failed."""

from __future__ import annotations

import importlib.metadata
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.databases import attach, rows_of
from scripts.fingerprint import fingerprint
from scripts.seeds import check_seeds
from scripts.wording import clean, shorten

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

_FAILURES = ("error", "fail", "runtime error", "warn")
_SHOWN_ROWS = 3
_LONGEST_VALUE = 200  # characters
_MACHINE = {
    "Out of Memory Error": "there is too little memory, raise MEMORY_LIMIT or close other programs",
    "No space left on device|File too large|Disk quota exceeded": "the disk is full, free some room",
}
"""What the engine and the system say, and what to make of it."""


class BuildError(Exception):
    """A model or a test failed; the message has a line for each, and the first rows that a test found."""


class MachineError(BuildError):
    """The machine has too little room; the message says of what and what to do."""


def engine_versions() -> str:
    """Return the versions that decide what a build makes of the same code and data."""
    return " ".join(importlib.metadata.version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb"))


class Failure(NamedTuple):
    """A node that failed."""

    path: str
    name: str
    message: str
    """What dbt or the engine said: it may quote values of rows."""

    def __str__(self) -> str:
        return f"{self.path}: {self.name}: {self.message}"

    @property
    def without_values(self) -> str:
        """The same with the kind of error only."""
        kinds = re.findall(r"^\s*((?:[A-Z]\w* |of )+Error)\b", self.message, re.MULTILINE)
        return f"{self.path}: {self.name}: {kinds[-1] if kinds else 'failed'}"


def node_results(outcome: dbtRunnerResult) -> Sequence[RunResult]:
    """Return what came of each node of a build or test that dbt could start."""
    from dbt.artifacts.schemas.run import RunExecutionResult

    assert isinstance(outcome.result, RunExecutionResult), outcome.exception
    return outcome.result.results


def failures(results: Sequence[RunResult]) -> dict[str, Failure]:
    """Return what failed by node id; nodes that were skipped for it are not named."""
    return {
        result.node.unique_id: Failure(result.node.original_file_path, result.node.name, str(result.message))
        for result in results
        if result.status in _FAILURES
    }


def code_fingerprint(project_dir: Path) -> str:
    """Return what changes when anything does that a unit test reads: they depend on code and versions, not on data."""
    folders = (project_dir / name for name in ("models", "macros", "seeds", "dbt_packages"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    single_files = (project_dir / name for name in ("dbt_project.yml", "profiles.yml"))
    return fingerprint(project_dir, [*files, *single_files], engine_versions().encode())


def run_dbt(project_dir: Path, data_dir: Path, building_dir: Path, console: Console, without_unit_tests: bool) -> int:
    """Run `dbt build` in this process, with a progress bar on a terminal, and return how many nodes passed.

    Raises:
        SourceError: a seed is not what it is declared to be.
        BuildError: a model or a test failed.
        MachineError: the same, as there is too little memory or disk, or MEMORY_LIMIT is no amount.
        KeyboardInterrupt: the user stopped it.
    """
    check_seeds(project_dir)
    os.environ["MEMORY_LIMIT"] = memory_limit()
    os.environ.update(DATA_DIR=str(data_dir), WAREHOUSE_DIR=str(building_dir))

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
        message = in_one_line(outcome.exception)
        _raise_if_machine("dbt", message)
        raise BuildError(f"dbt could not start the build: {message}")
    results = node_results(outcome)
    if failed := failures(results):
        for failure in failed.values():
            _raise_if_machine(f"{failure.path}: {failure.name}", failure.message)
        lines = [
            line
            for result in results
            if result.node.unique_id in failed
            for line in (str(failed[result.node.unique_id]), *_found_rows(result, building_dir))
        ]
        raise BuildError("\n".join([*lines, f"{len(failed)} of {len(results)} dbt nodes failed"]))
    return len(results)


def memory_limit() -> str:
    """Return MEMORY_LIMIT as DuckDB reads it: those of Python 3.10 know no percentages.

    DuckDB is asked at once whether it is one, as dbt would ask only after some seconds.

    Raises:
        MachineError: it is no amount of memory.
    """
    given = amount = os.environ.get("MEMORY_LIMIT") or "60%"
    if share := re.fullmatch(r"(\d{1,2}|100) ?%", given):
        machine_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        amount = f"{machine_bytes * int(share[1]) // 100_000_000}MB"
    try:
        duckdb.connect(config={"memory_limit": amount}).close()
    except (duckdb.ParserException, duckdb.InvalidInputException) as error:
        raise MachineError(f"MEMORY_LIMIT={given} is no amount of memory, such as 4GB or 60%") from error
    return amount


def in_one_line(error: BaseException | None) -> str:
    """Return what dbt could not get over, without its line breaks; of the system's errors file and reason only."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(filter(None, (error.filename, error.strerror)))
    return " ".join(str(error).split())


def _raise_if_machine(place: str, message: str) -> None:
    """All that fails for want of room fails for one reason, and needs one line."""
    for pattern, advice in _MACHINE.items():
        if found := re.search(f".*({pattern}).*", message):
            raise MachineError(f"{place}: {advice} ({found[0].strip()})")


def _found_rows(result: RunResult, building_dir: Path) -> list[str]:
    """Return the first rows that a failed data test found, one a line."""
    from dbt.contracts.graph.nodes import GenericTestNode, SingularTestNode

    node = result.node
    if result.status != "fail" or not isinstance(node, (GenericTestNode, SingularTestNode)):
        return []
    # dbt-utils' tests of expressions give no column of the rows that they find
    code = re.sub(r"(?i)\bselect\s+1(\s+as\s+failure)?\s+from\b", "SELECT * FROM", node.compiled_code or "", count=1)
    with duckdb.connect() as connection:
        for name in ("raw", "prep", "prod"):
            attach(connection, building_dir / f"{name}.duckdb", name)
        connection.execute("USE prod.product")
        rows = rows_of(connection.execute(f"SELECT * FROM (\n{code}\n) LIMIT {_SHOWN_ROWS}"))
    return [
        "    " + ", ".join(f"{name}: {shorten(clean(str(value)), _LONGEST_VALUE)}" for name, value in row.items())
        for row in rows
    ]
