"""Worlds to test on: a data folder, the databases built from it, and the truth that the simulator wrote beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from scripts.databases import Row, rows_of
from scripts.packages import provide_dbt_utils

PROJECT_DIR = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class World:
    """A data folder and the databases that `make build` made of it."""

    data_dir: Path
    warehouse_dir: Path

    def truth(self, name: str) -> list[Row]:
        """Return the rows of a truth file, timestamps as naive UTC like those of the models."""
        rows = pq.read_table(self.data_dir / "truth" / f"{name}.parquet").to_pylist()
        return [
            {key: value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for key, value in row.items()}
            for row in rows
        ]

    def people(self) -> list[str]:
        """Return the names of the members, which stay in the source."""
        return pq.read_table(self.data_dir / "wellthy" / "members.parquet")["user_name"].drop_null().to_pylist()

    def query(self, sql: str, database: str = "prod") -> list[Row]:
        """Return the rows of a query on one of the databases."""
        with duckdb.connect(str(self.warehouse_dir / f"{database}.duckdb"), read_only=True) as connection:
            return rows_of(connection.execute(sql))


def run_build(
    data_dir: Path,
    warehouse_dir: Path,
    project_dir: Path = PROJECT_DIR,
    limit: Callable[[], None] | None = None,
    **variables: object,
) -> subprocess.CompletedProcess[str]:
    """Run what `make build` runs, with dbt's own files beside the databases, and with variables added.

    `limit`, such as those of `bad_input`, runs in the child first.
    """
    environment = {
        "DATA_DIR": data_dir,
        "WAREHOUSE_DIR": warehouse_dir,
        "DBT_TARGET_PATH": warehouse_dir.parent / "target",
        "DBT_LOG_PATH": warehouse_dir.parent / "logs",
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-m", "scripts.build"],
        cwd=project_dir,
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )


def build_world(data_dir: Path, warehouse_dir: Path) -> World:
    """Build the databases, and fail with the build's own words if it does."""
    outcome = run_build(data_dir, warehouse_dir)
    assert outcome.returncode == 0, outcome.stderr
    return World(data_dir, warehouse_dir)


def copy_project(folder: Path) -> Path:
    """Copy what dbt and the scripts read into the folder, to be changed there, and return it."""
    provide_dbt_utils(PROJECT_DIR)
    for name in ("dbt_packages", "macros", "models", "packages", "scripts", "seeds", "tests/dbt"):
        shutil.copytree(PROJECT_DIR / name, folder / name)
    for file in PROJECT_DIR.glob("*.yml"):
        shutil.copy(file, folder)
    return folder


def run_dbt(
    project_dir: Path, data_dir: Path, warehouse_dir: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run dbt itself on a project, with its own files in that project's folder."""
    warehouse_dir.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--warn-error", *arguments],
        cwd=project_dir,
        env={**os.environ, "DATA_DIR": str(data_dir), "WAREHOUSE_DIR": str(warehouse_dir)},
        capture_output=True,
        text=True,
    )


def write_source(project_dir: Path, data_dir: Path, table_name: str, rows: list[Row], file_name: str = "all") -> None:
    """Write rows of a source (events, members or clients) as Parquet with the declared columns."""
    declared = yaml.safe_load((project_dir / "models" / "base" / "sources.yml").read_text(encoding="utf-8"))
    tables = {table["name"]: table for source in declared["sources"] for table in source["tables"]}
    table = tables[table_name]
    path = data_dir / table["config"]["meta"]["local_path"].replace("**/*", file_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([(column["name"], _arrow_type(column["data_type"])) for column in table["columns"]])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _arrow_type(declared: str) -> pa.DataType:
    if declared.endswith("[]"):
        return pa.list_(_arrow_type(declared[:-2]))
    if declared.startswith("STRUCT("):
        fields = (part.split(maxsplit=1) for part in declared[len("STRUCT(") : -1].split(", "))
        return pa.struct([(name, _arrow_type(kind)) for name, kind in fields])
    types = {"VARCHAR": pa.string(), "BOOLEAN": pa.bool_(), "INTEGER": pa.int32()}
    return types.get(declared) or {"TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC")}[declared]
