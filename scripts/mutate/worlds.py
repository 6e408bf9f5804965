"""The worlds that pytest knows the truth about, built by dbt once, and then with faults in them without dbt."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts import PROJECT_DIR
from scripts.dbt_run import code_fingerprint
from scripts.mutate.project import Project
from scripts.mutate.pytest_run import run_pytest

_KNOW_THE_SAMPLE = ("test_headlines", "test_story", "test_statistics", "test_truth")


class MutateError(Exception):
    """No fault can be seeded; the message says why."""


@dataclass(frozen=True)
class World:
    """Databases that dbt built, with its own files beside them, and the tests that know what should be in them."""

    folder: Path
    pytest_arguments: tuple[str, ...]

    def project(self) -> Project:
        """Return what dbt built, in memory."""
        return Project(self.folder / "target", self.folder / "warehouse")

    def failing_tests(self, project: Project, changed: set[str]) -> list[str]:
        """Return the tests that fail on the databases with these tables as they are in memory."""
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            self._write(project, changed, Path(folder))
            arguments = [argument.format(folder=folder) for argument in self.pytest_arguments]
            outcome, failed = run_pytest(PROJECT_DIR, arguments)
            if outcome.returncode not in (0, 1):
                raise MutateError(f"pytest cannot test a world: {outcome.stdout[-500:]}{outcome.stderr[-500:]}")
            return failed

    def _write(self, project: Project, changed: set[str], folder: Path) -> None:
        """Copy the databases, with these tables as they are in memory."""
        for file in (self.folder / "warehouse").glob("*.duckdb"):
            shutil.copyfile(file, folder / file.name)
            with duckdb.connect(str(folder / file.name)) as database:
                listed = database.execute(
                    "SELECT table_schema || '.' || table_name, table_type FROM information_schema.tables"
                ).fetchall()
                for table, kind in listed:
                    if table in changed:
                        rows = folder / f"{table}.parquet"
                        project.connection.execute(f"COPY {table} TO '{rows}'")
                        database.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {table}")
                        database.execute(f"CREATE TABLE {table} AS FROM '{rows}'")


def _dbt(project_dir: Path, data_dir: Path, folder: Path, *arguments: str) -> None:
    (folder / "warehouse").mkdir(parents=True)
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--warn-error", "--quiet", "build", *arguments]
    places = {
        "DATA_DIR": str(data_dir),
        "WAREHOUSE_DIR": str(folder / "warehouse"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    outcome = subprocess.run(command, cwd=project_dir, env={**os.environ, **places}, capture_output=True, text=True)
    if outcome.returncode:
        raise MutateError(f"the project does not pass its own tests, mend that first:\n{outcome.stdout[-2000:]}")


def sample(folder: Path) -> World:
    """Return the committed data, built with every unit and data test."""
    if not folder.exists():
        _dbt(PROJECT_DIR, PROJECT_DIR / "data", folder)
    tests = (f"tests/{module}.py" for module in _KNOW_THE_SAMPLE)
    return World(folder, ("--built={folder}", *tests))


def random_people(folder: Path) -> World:
    """Return the first random people of tests/test_random_people.py, built."""
    from tests.random_people import random_world
    from tests.test_random_people import HOUSEHOLD_COUNT, SELECTION
    from tests.worlds import copy_project

    if not folder.exists():
        project_dir = copy_project(folder / "project")
        random_world(1, HOUSEHOLD_COUNT).write(project_dir, folder / "data")
        _dbt(project_dir, folder / "data", folder, *SELECTION)
    return World(folder, ("--built-people={folder}", "tests/test_random_people.py", "-k", "every and 1"))


@contextmanager
def built_worlds(folder: Path) -> Iterator[list[World]]:
    """Build both, unless they are built already from the same code, and keep other runs off while they are used.

    Raises:
        MutateError: another run is at it, or the project does not pass its own tests.
    """
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MutateError("another `make mutate` is running here: wait until it ends") from error
        yield _worlds(folder)


def _worlds(folder: Path) -> list[World]:
    note, code = folder / "built_from.sha256", code_fingerprint(PROJECT_DIR)
    if not (note.is_file() and note.read_text(encoding="utf-8") == code):
        for name in ("sample", "random_people"):
            shutil.rmtree(folder / name, ignore_errors=True)
    worlds = [sample(folder / "sample"), random_people(folder / "random_people")]
    note.write_text(code, encoding="utf-8")
    return worlds
