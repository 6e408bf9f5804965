"""Build the tables: check the sources, run dbt beside the present databases, swap them in, print the answers.

Everything happens in one process, as dbt takes longer to start than to build the sample. The new databases grow in
WAREHOUSE_DIR/.building and replace the old ones only when every model and test has passed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import glob
import hashlib
import importlib.metadata
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.answers import AnswersError, print_answers
from scripts.packages import PackagesError, provide_dbt_utils
from scripts.sources import SourceError, check_contents, check_data_dir, declared_sources

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

PROJECT_DIR = Path(__file__).resolve().parent.parent
DATABASES = ("raw.duckdb", "prep.duckdb", "prod.duckdb")
_UNIT_TESTED = PROJECT_DIR / "target" / "unit_tested.sha256"  # the code whose unit tests have passed
_FAILURES = ("error", "fail", "runtime error", "warn")


class WarehouseError(Exception):
    """The databases' folder cannot be used; the message says why and what to do."""


class BuildError(Exception):
    """A model or a test failed; the message has a line for each."""


def build(data_dir: Path, warehouse_dir: Path, console: Console) -> None:
    """Build the databases of `warehouse_dir` from the Parquet files of `data_dir`.

    Raises:
        SourceError: the data folder cannot be built from.
        PackagesError: dbt-utils cannot be provided.
        WarehouseError: the databases' folder cannot be written, or another build holds it.
        BuildError: a model or a test failed. In all four cases the databases stay as they were.
    """
    data_dir, warehouse_dir = data_dir.resolve(), warehouse_dir.resolve()
    sources = declared_sources(PROJECT_DIR)
    check_data_dir(data_dir, sources)
    with _locked(warehouse_dir):
        console.print(provide_dbt_utils(PROJECT_DIR), style="dim", highlight=False, soft_wrap=True)
        building_dir = warehouse_dir / ".building"
        shutil.rmtree(building_dir, ignore_errors=True)
        building_dir.mkdir()
        started = time.monotonic()
        code = _code_fingerprint()
        is_code_tested = _UNIT_TESTED.is_file() and _UNIT_TESTED.read_text(encoding="utf-8") == code
        try:
            passed_count = _run_dbt(data_dir, building_dir, console, without_unit_tests=is_code_tested)
            for database in DATABASES:
                # the log of a reader that died while writing belongs to the old file only
                (warehouse_dir / f"{database}.wal").unlink(missing_ok=True)
                os.replace(building_dir / database, warehouse_dir / database)
        except BuildError:
            check_contents(data_dir, sources)
            raise
        finally:
            shutil.rmtree(building_dir, ignore_errors=True)
        _UNIT_TESTED.parent.mkdir(exist_ok=True)
        _UNIT_TESTED.write_text(code, encoding="utf-8")
    seconds = time.monotonic() - started
    unit_tests = "unit tests passed before, and nothing they read has changed" if is_code_tested else "unit tests too"
    line = f"dbt: {passed_count} seeds, models and data tests passed in {seconds:.0f} s; {unit_tests}"
    console.print(line, style="dim", highlight=False, soft_wrap=True)


@contextlib.contextmanager
def _locked(warehouse_dir: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system releases whenever this process ends."""
    try:
        warehouse_dir.mkdir(parents=True, exist_ok=True)
        lock = (warehouse_dir / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise WarehouseError(f"WAREHOUSE_DIR={warehouse_dir} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise WarehouseError(
                f"{warehouse_dir} is being built by process {lock.read()}: wait until it ends"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _code_fingerprint() -> str:
    """Return what changes when anything does that a unit test reads: they depend on code and versions, not on data."""
    versions = [importlib.metadata.version(package) for package in ("dbt-core", "dbt-duckdb", "duckdb")]
    digest = hashlib.sha256(" ".join(versions).encode())
    folders = (PROJECT_DIR / name for name in ("models", "macros", "seeds", "dbt_packages"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    single_files = (PROJECT_DIR / name for name in ("dbt_project.yml", "profiles.yml"))
    for file in sorted([*files, *single_files]):
        digest.update(f"\0{file.relative_to(PROJECT_DIR).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _run_dbt(data_dir: Path, building_dir: Path, console: Console, without_unit_tests: bool) -> int:
    """Run `dbt build` into the folder and return how many nodes passed."""
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
        folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
        excluded = ["--exclude-resource-type", "unit_test"] if without_unit_tests else []
        outcome = dbtRunner(callbacks=[on_event]).invoke([*flags, "build", *folders, *excluded])
    DuckDBConnectionManager.close_all_connections()

    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if outcome.exception is not None:
        raise BuildError(f"dbt could not start the build: {outcome.exception}")
    failures = [result for result in outcome.result.results if result.status in _FAILURES]
    if failures:
        lines = [f"{result.node.original_file_path}: {result.node.name}: {result.message}" for result in failures]
        raise BuildError("\n".join([*lines, f"{len(failures)} of {len(outcome.result.results)} dbt nodes failed"]))
    return len(outcome.result.results)


def main() -> None:
    """Build and print the answers; exit with 1 when a model or test fails, with 2 when the input is at fault."""
    argparse.ArgumentParser(
        prog="python -m scripts.build",
        description="Build the tables and print the answers.",
        epilog="DATA_DIR names the folder with the Parquet files, WAREHOUSE_DIR that of the databases.",
    ).parse_args()
    data_dir = Path(os.environ.get("DATA_DIR") or "data")
    warehouse_dir = Path(os.environ.get("WAREHOUSE_DIR") or "warehouse")
    sys.stdout.reconfigure(errors="replace")  # a terminal that has no dashes and arrows shall have the numbers
    try:
        build(data_dir, warehouse_dir, Console())
        print_answers(warehouse_dir, Console())
    except KeyboardInterrupt:
        print(f"Stopped (the databases of {warehouse_dir} stay as they were)", file=sys.stderr)
        sys.exit(130)
    except AnswersError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (SourceError, PackagesError, WarehouseError, BuildError) as error:
        print(f"{error} (the databases of {warehouse_dir} stay as they were)", file=sys.stderr)
        sys.exit(1 if isinstance(error, BuildError) else 2)


if __name__ == "__main__":
    main()
