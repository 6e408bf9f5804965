"""The worlds that pytest knows the truth about, built by dbt once, and then with faults in them without dbt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts.mutate.project import Project

PROJECT_DIR = Path(__file__).resolve().parents[2]
_DATABASES = {"raw": (), "prep": ("base", "intermediate"), "prod": ("product",)}
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class MutateError(Exception):
    """No fault can be seeded; the message says why."""


@dataclass(frozen=True)
class World:
    """Databases that dbt built, with its own files beside them, and the tests that know what should be in them."""

    folder: Path
    pytest_arguments: tuple[str, ...]

    @property
    def warehouse_dir(self) -> Path:
        """Where the databases are."""
        return self.folder / "warehouse"

    @property
    def target_dir(self) -> Path:
        """Where dbt's own files are."""
        return self.folder / "target"

    def project(self) -> Project:
        """Return what dbt built, in memory."""
        return Project(self.target_dir, self.warehouse_dir)

    def failing_tests(self, project: Project, changed: set[str]) -> list[str]:
        """Return the tests that fail on the databases with these tables as they are in memory."""
        with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
            self._write(project, changed, Path(folder))
            arguments = [argument.format(folder=folder) for argument in self.pytest_arguments]
            options = ["-q", "--tb=no", "-p", "no:cacheprovider", "--no-header"]
            outcome = subprocess.run(
                [sys.executable, "-m", "pytest", *options, *arguments], cwd=PROJECT_DIR, capture_output=True, text=True
            )
            if outcome.returncode not in (0, 1):
                raise MutateError(f"pytest cannot test a world: {outcome.stdout[-500:]}{outcome.stderr[-500:]}")
            return _FAILED.findall(outcome.stdout)

    def _write(self, project: Project, changed: set[str], folder: Path) -> None:
        for name, schemas in _DATABASES.items():
            tables = [table for table in changed if table.partition(".")[0] in schemas]
            file = folder / f"{name}.duckdb"
            if not tables:
                file.symlink_to(self.warehouse_dir / file.name)
                continue
            shutil.copyfile(self.warehouse_dir / file.name, file)
            for table in tables:
                project.connection.execute(f"COPY {table} TO '{folder}/{table}.parquet'")
            with duckdb.connect(str(file)) as connection:
                for table in tables:
                    kind = connection.execute(
                        "SELECT table_type FROM information_schema.tables WHERE table_schema || '.' || table_name = ?",
                        [table],
                    ).fetchone()
                    connection.execute(f"DROP {'VIEW' if kind == ('VIEW',) else 'TABLE'} {table}")
                    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM '{folder}/{table}.parquet'")


def _dbt(project_dir: Path, data_dir: Path, folder: Path, *arguments: str) -> None:
    (folder / "warehouse").mkdir(parents=True, exist_ok=True)
    outcome = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--warn-error", "--quiet", *arguments],
        cwd=project_dir,
        env={
            **os.environ,
            "DATA_DIR": str(data_dir),
            "WAREHOUSE_DIR": str(folder / "warehouse"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
        capture_output=True,
        text=True,
    )
    if outcome.returncode:
        raise MutateError(f"the project does not pass its own tests, mend that first:\n{outcome.stdout[-2000:]}")


def sample(folder: Path) -> None:
    """Build the committed data, with every unit and data test."""
    shutil.rmtree(folder, ignore_errors=True)
    _dbt(PROJECT_DIR, PROJECT_DIR / "data", folder, "build")


def random_people(folder: Path) -> None:
    """Build the first random people of tests/test_random_people.py."""
    from tests.random_people import random_world
    from tests.test_random_people import HOUSEHOLD_COUNT, SELECTION
    from tests.worlds import copy_project

    shutil.rmtree(folder, ignore_errors=True)
    project_dir = copy_project(folder / "project")
    random_world(1, HOUSEHOLD_COUNT).write(project_dir, folder / "data")
    _dbt(project_dir, folder / "data", folder, "build", *SELECTION)


def worlds_as_built(folder: Path) -> list[World]:
    """Return the two worlds, and with each the tests that know the truth about it."""
    modules = ("test_headlines", "test_story", "test_statistics", "test_conventions", "test_truth")
    of_sample = ("--built={folder}", *(f"tests/{module}.py" for module in modules))
    of_people = ("--built-people={folder}", "tests/test_random_people.py", "-k", "every and 1")
    return [World(folder / "sample", of_sample), World(folder / "random_people", of_people)]
