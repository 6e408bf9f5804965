"""Build as `make build` does, but run models and seeds only: for tests that build often and compare the tables."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from scripts import build as program
from scripts.dbt_run import BuildError, failures
from tests.worlds import PROJECT_DIR, World

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunner

_FOLDERS = ("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR))
_FLAGS = ("--log-level", "none", "--log-level-file", "none")


@cache
def _runner() -> tuple[dbtRunner, tempfile.TemporaryDirectory[str]]:
    """Read the project once, and return what runs it and dbt's own folder, which goes with this process."""
    from dbt.cli.main import dbtRunner

    folder = tempfile.TemporaryDirectory(prefix="models-only-", ignore_cleanup_errors=True)
    manifest = dbtRunner().invoke([*_FLAGS, "parse", *_FOLDERS, "--target-path", folder.name]).result
    return dbtRunner(manifest), folder


def _run(project_dir: Path, data_dir: Path, folder: Path, console: Console, without_unit_tests: bool) -> int:
    """Take the place of scripts.dbt_run.run_dbt."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    os.environ.update(DATA_DIR=str(data_dir), WAREHOUSE_DIR=str(folder))
    runner, target_dir = _runner()
    what = ["--resource-type", "model", "--resource-type", "seed", "--target-path", target_dir.name]
    outcome = runner.invoke([*_FLAGS, "build", *_FOLDERS, *what])
    DuckDBConnectionManager.close_all_connections()
    if outcome.exception:
        raise outcome.exception
    if failed := failures(outcome.result.results):
        raise BuildError("\n".join(map(str, failed.values())))
    return len(outcome.result.results)


@contextmanager
def models_only() -> Iterator[None]:
    """Let scripts.build leave the tests of dbt out, within the block."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA_DIR", "WAREHOUSE_DIR", "LOADED_FROM"):
            patch.setenv(name, "")
        patch.setattr(program, "run_dbt", _run)
        patch.setattr(program, "_UNIT_TESTED", Path(os.devnull))
        yield


def build_tables(data_dir: Path, warehouse_dir: Path) -> World:
    """Build the databases without the tests of dbt, in this process."""
    with models_only():
        program.build(data_dir, warehouse_dir, Console(quiet=True))
    return World(data_dir, warehouse_dir)


def build_tables_apart(data_dir: Path, warehouse_dir: Path) -> World:
    """Do so in a process of its own, which heeds the environment's time zone."""
    command = [sys.executable, "-m", "tests.models_only", str(data_dir), str(warehouse_dir)]
    subprocess.run(command, cwd=PROJECT_DIR, check=True)
    return World(data_dir, warehouse_dir)


if __name__ == "__main__":
    build_tables(Path(sys.argv[1]), Path(sys.argv[2]))
