"""Each test and macro of packages/dbt_utils does what its namesake in dbt-utils does.

One dbt run holds every case. DBT_UTILS_FOLDER=… runs the same cases on another copy, as on the real package.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

PACKAGE = Path(os.environ.get("DBT_UTILS_FOLDER", Path(__file__).parents[1] / "packages" / "dbt_utils"))
NULL = "_dbt_utils_surrogate_key_null_"


class Case(NamedTuple):
    """A generic test with rows it lets pass, and rows of which it counts so many as failures."""

    test: str
    arguments: dict[str, Any]
    good: str
    bad: str
    failures: int
    on_column: bool = False


CASES = {
    "combination": Case(
        "unique_combination_of_columns",
        {"combination_of_columns": ["a", "b"]},
        good="(1, 'x'), (1, 'y'), (2, 'x')",
        bad="(1, 'x'), (1, 'y'), (1, 'x'), (1, 'x'), (2, NULL), (2, NULL)",
        failures=2,
    ),
    "quoted_combination": Case(
        "unique_combination_of_columns",
        {"combination_of_columns": ["a", "order"], "quote_columns": True},
        good="(1, 'x'), (1, 'y')",
        bad="(1, 'x'), (1, 'x')",
        failures=1,
    ),
    "range": Case(
        "accepted_range",
        {"min_value": 0, "max_value": 10},
        good="(0, ''), (10, ''), (NULL, '')",
        bad="(-1, ''), (11, ''), (5, '')",
        failures=2,
        on_column=True,
    ),
    "exclusive_range": Case(
        "accepted_range",
        {"min_value": 0, "max_value": 10, "inclusive": False},
        good="(1, ''), (9, ''), (NULL, '')",
        bad="(0, ''), (10, ''), (5, '')",
        failures=2,
        on_column=True,
    ),
    "minimum_only": Case(
        "accepted_range", {"min_value": 0}, good="(99, '')", bad="(-1, ''), (99, '')", failures=1, on_column=True
    ),
    "maximum_from_an_expression": Case(
        "accepted_range",
        {"max_value": "LENGTH(b)"},
        good="(1, 'x'), (-9, 'x')",
        bad="(2, 'x'), (1, 'x')",
        failures=1,
        on_column=True,
    ),
    "expression": Case(
        "expression_is_true",
        {"expression": "a > 0 OR b = 'x'"},
        good="(1, ''), (-1, 'x'), (NULL, '')",
        bad="(-1, 'y'), (0, ''), (1, '')",
        failures=2,
    ),
    "expression_on_a_column": Case(
        "expression_is_true",
        {"expression": "> 0"},
        good="(1, ''), (NULL, '')",
        bad="(0, '')",
        failures=1,
        on_column=True,
    ),
}

KEYS = """
SELECT number
     , {{ dbt_utils.generate_surrogate_key(['words']) }} AS one
     , {{ dbt_utils.generate_surrogate_key(['words', 'number', 'day', 'is_on']) }} AS four
     , {{ dbt_utils.generate_surrogate_key(["words || 'é'", 'number + 1']) }} AS expressions
  FROM (
    VALUES (1, 'a', DATE '2024-02-29', TRUE)
         , (2, NULL, NULL, NULL)
         , (3, '', DATE '2024-02-29', FALSE)
    ) AS samples (number, words, day, is_on)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dbt project that was run: each case has a model with good rows and one with bad rows."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(PACKAGE, folder / "dbt_packages" / "dbt_utils")
    (folder / "models").mkdir()
    (folder / "models" / "keys.sql").write_text(KEYS, encoding="utf-8")
    models = []
    for name, case in CASES.items():
        for kind, rows in (("good", case.good), ("bad", case.bad)):
            model = f"{kind}_{name}"
            sql = f'SELECT a, b, b AS "order" FROM (VALUES {rows}) AS samples (a, b)'
            (folder / "models" / f"{model}.sql").write_text(sql, encoding="utf-8")
            test = {f"dbt_utils.{case.test}": {"name": f"test_{model}", "arguments": case.arguments}}
            place: dict[str, Any] = (
                {"columns": [{"name": "a", "data_tests": [test]}]} if case.on_column else {"data_tests": [test]}
            )
            models.append({"name": model, **place})
    write_json(folder / "models" / "models.yml", {"models": models})
    write_json(
        folder / "dbt_project.yml", {"name": "tiny", "profile": "tiny", "flags": {"send_anonymous_usage_stats": False}}
    )
    output = {"type": "duckdb", "path": str(folder / "tiny.duckdb")}
    write_json(folder / "profiles.yml", {"tiny": {"target": "local", "outputs": {"local": output}}})

    dbt = [sys.executable, "-m", "dbt.cli.main", "--warn-error", "--no-use-colors"]
    run = subprocess.run(
        [*dbt, "build", "--profiles-dir", "."], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (folder / "target" / "run_results.json").is_file(), run.stdout + run.stderr
    return folder


def write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML


def result(project: Path, test: str) -> tuple[str, int | None]:
    results = json.loads((project / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return next((r["status"], r["failures"]) for r in results if r["unique_id"].split(".")[2] == test)


@pytest.mark.parametrize("name", CASES)
def test_good_rows_pass(project: Path, name: str) -> None:
    assert result(project, f"test_good_{name}") == ("pass", 0)


@pytest.mark.parametrize("name", CASES)
def test_bad_rows_fail_and_are_counted(project: Path, name: str) -> None:
    assert result(project, f"test_bad_{name}") == ("fail", CASES[name].failures)


def test_surrogate_key_is_the_md5_of_the_fields(project: Path) -> None:
    with duckdb.connect(str(project / "tiny.duckdb"), read_only=True) as connection:
        keys = connection.execute("SELECT one, four, expressions FROM keys ORDER BY number").fetchall()
    texts = [
        ("a", "a-1-2024-02-29-true", "aé-2"),
        (NULL, f"{NULL}-2-{NULL}-{NULL}", f"{NULL}-3"),
        ("", "-3-2024-02-29-false", "é-4"),
    ]
    assert keys == [tuple(hashlib.md5(text.encode()).hexdigest() for text in row) for row in texts]
