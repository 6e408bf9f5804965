"""The snowflake target of profiles.yml: what it needs from the environment, and the names it gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.worlds import PROJECT_DIR

VARIABLES = {
    "SNOWFLAKE_ACCOUNT": "account",
    "SNOWFLAKE_USER": "user",
    "SNOWFLAKE_ROLE": "role",
    "SNOWFLAKE_WAREHOUSE": "warehouse",
    "SNOWFLAKE_PASSWORD": "password",
}


def parse(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `dbt parse --target snowflake` with nothing of Snowflake in the environment but the variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SNOWFLAKE_")} | variables
    environment |= {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    command = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "parse", "--target", "snowflake"]
    return subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)


def databases(folder: Path) -> dict[str, str]:
    """Return each node's and source's database by its layer."""
    manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
    return {node["schema"]: node["database"] for node in nodes if node["resource_type"] != "test"}


def test_one_line_names_every_variable_that_is_missing(tmp_path: Path) -> None:
    outcome = parse(tmp_path)
    assert outcome.returncode == 2
    (line,) = [line for line in outcome.stdout.splitlines() if "not provided" in line]
    assert all(name in line for name in [*VARIABLES, "SNOWFLAKE_PRIVATE_KEY_PATH"]), line


def test_only_what_is_missing_is_named(tmp_path: Path) -> None:
    given = {name: value for name, value in VARIABLES.items() if name not in ("SNOWFLAKE_ROLE", "SNOWFLAKE_PASSWORD")}
    outcome = parse(tmp_path, **given)
    (line,) = [line for line in outcome.stdout.splitlines() if "not provided" in line]
    assert line.endswith("'SNOWFLAKE_ROLE, SNOWFLAKE_PRIVATE_KEY_PATH (or SNOWFLAKE_PASSWORD)'")


def test_with_dummies_it_parses_and_names_are_those_of_the_laptop(tmp_path: Path) -> None:
    outcome = parse(tmp_path, **VARIABLES)
    assert outcome.returncode == 0, outcome.stdout
    assert databases(tmp_path) == {
        "atomic": "raw", "wellthy": "raw", "base": "prep", "intermediate": "prep", "product": "prod"
    }  # fmt: skip


def test_a_developer_has_databases_of_their_own_and_reads_the_same_sources(tmp_path: Path) -> None:
    key_pair = {**VARIABLES, "SNOWFLAKE_PASSWORD": "", "SNOWFLAKE_PRIVATE_KEY_PATH": "key.p8"}
    outcome = parse(tmp_path, **key_pair, SNOWFLAKE_DEVELOPER="Anna")
    assert outcome.returncode == 0, outcome.stdout
    assert databases(tmp_path) == {
        "atomic": "raw",
        "wellthy": "raw",
        "base": "prep_dev_anna",
        "intermediate": "prep_dev_anna",
        "product": "prod_dev_anna",
    }
