"""Build the tables: check the sources, run dbt beside the present databases, swap them in, print the answers.

Everything happens in one process, as dbt takes longer to start than to build the sample. The new databases grow in
WAREHOUSE_DIR/.building and replace the old ones only when every model and test has passed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from scripts.answers import AnswersError, print_answers
from scripts.dbt_run import BuildError, code_fingerprint, run_dbt
from scripts.packages import PackagesError, provide_dbt_utils
from scripts.sources import SourceError, check_contents, check_data_dir, declared_sources

PROJECT_DIR = Path(__file__).resolve().parent.parent
DATABASES = ("raw.duckdb", "prep.duckdb", "prod.duckdb")
_UNIT_TESTED = PROJECT_DIR / "target" / "unit_tested.sha256"  # the code whose unit tests have passed


class WarehouseError(Exception):
    """The databases' folder cannot be used; the message says why and what to do."""


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
        code = code_fingerprint(PROJECT_DIR)
        is_code_tested = _UNIT_TESTED.is_file() and _UNIT_TESTED.read_text(encoding="utf-8") == code
        try:
            passed_count = run_dbt(PROJECT_DIR, data_dir, building_dir, console, without_unit_tests=is_code_tested)
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
