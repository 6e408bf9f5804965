"""Build as `make build` does, but run models and seeds only: for tests that build often and compare the tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from rich.console import Console

from scripts import build as program
from scripts.dbt_run import BuildError, failures
from tests.worlds import PROJECT_DIR


@contextmanager
def models_only() -> Iterator[None]:
    """Let scripts.build leave the tests of dbt out, within the block, and read the project once."""
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    flags = ["--log-level", "none", "--log-level-file", "none"]
    manifest = dbtRunner().invoke([*flags, "parse", *folders]).result

    def run(project_dir: Path, data_dir: Path, folder: Path, console: Console, without_unit_tests: bool) -> int:
        os.environ.update(DATA_DIR=str(data_dir), WAREHOUSE_DIR=str(folder))
        types = ["--resource-type", "model", "--resource-type", "seed"]
        outcome = dbtRunner(manifest).invoke([*flags, "build", *folders, *types])
        DuckDBConnectionManager.close_all_connections()
        if outcome.exception:
            raise outcome.exception
        if failed := failures(outcome.result.results):
            raise BuildError("\n".join(map(str, failed.values())))
        return len(outcome.result.results)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA_DIR", "WAREHOUSE_DIR", "LOADED_FROM"):
            patch.setenv(name, "")
        patch.setattr(program, "run_dbt", run)
        patch.setattr(program, "_UNIT_TESTED", Path(os.devnull))
        yield


if __name__ == "__main__":
    with models_only():
        program.build(Path(sys.argv[1]), Path(sys.argv[2]), Console(quiet=True))
