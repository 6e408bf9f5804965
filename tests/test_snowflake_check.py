"""`make snowflake-check`: it passes on this project, and fails on every construct and every row that is not right."""

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from scripts.snowflake.parity import differences
from tests.test_snowflake_lint import PLANTED
from tests.worlds import PROJECT_DIR, World, copy_project

# One for each model of the project; test_snowflake_lint.py has many more, without a project around them.
IN_MODELS = [
    "filter_where", "distinct_on", "qualify_without_window", "from_first", "semi_join", "asof_join", "pivot",
    "using_sample", "columns", "list_literal", "list_function", "lambda", "unnest", "subscript",
    "path_of_variant", "struct_field_with_table", "struct_literal", "json_arrow", "json_text_arrow", "epoch",
    "strftime", "quantile_cont", "bool_or", "range", "generate_series", "try_cast", "interval_without_quotes",
    "hugeint", "list_type_by_colons", "max_of_comparison", "min_of_flag", "exists_in_select", "whole_division",
    "double_equals", "regular_expression", "quoted_name", "backslash", "descending_nulls",
]  # fmt: skip


def run_check(project_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # never read: a key file that is not there would stop the real connector
    real = {"SNOWFLAKE_ACCOUNT": "real", "SNOWFLAKE_PRIVATE_KEY_PATH": "/nonexistent.p8", "SNOWFLAKE_PASSWORD": ""}
    command = [sys.executable, "-m", "scripts.snowflake.check", *arguments]
    return subprocess.run(command, cwd=project_dir, env={**os.environ, **real}, capture_output=True, text=True)


def test_the_models_run_on_snowflake_and_say_what_they_say_on_duckdb(committed: World) -> None:
    data_dir, warehouse_dir = str(committed.data_dir), str(committed.warehouse_dir)
    outcome = run_check(PROJECT_DIR, "--data-dir", data_dir, "--warehouse-dir", warehouse_dir)
    assert outcome.returncode == 0, outcome.stderr
    for line in (
        r"full build +\d+ nodes passed",
        r"incremental build +\d+ nodes passed",
        r"rows +\d+ relations, [\d,]+ rows, 0 differ",
        r"lint +\d+ statements, 0 findings",
    ):
        assert re.search(line, outcome.stdout), outcome.stdout


def plant(model: Path, sql: str) -> None:
    """Put one more CTE in front of a model."""
    text = model.read_text(encoding="utf-8")
    start = re.search(r"^(WITH |SELECT )", text, re.MULTILINE)
    if start is None:  # behind a loop in Jinja
        raise AssertionError(f"{model} has no SELECT at the beginning of a line")
    ctes = f"WITH planted AS (\n    {sql}\n)\n\n"
    rest = text[start.end() :] if start[1] == "WITH " else text[start.start() :]
    model.write_text(text[: start.start()] + ctes + (", " if start[1] == "WITH " else "") + rest, encoding="utf-8")


def test_each_construct_of_duckdb_s_own_in_a_model_is_named_with_its_file(tmp_path: Path) -> None:
    project_dir = copy_project(tmp_path)
    models = sorted((project_dir / "models").glob("*/*.sql"))
    by_name = {name: (sql, words) for name, sql, words in PLANTED}
    planted = dict(zip(IN_MODELS, models, strict=False))  # each by itself: a finding is of one model
    assert len(planted) >= 15
    for name, model in planted.items():
        plant(model, by_name[name][0])
    outcome = run_check(project_dir, "--only-lint", "--data-dir", str(PROJECT_DIR / "data"))
    assert outcome.returncode == 1, outcome.stderr
    lines = outcome.stderr.splitlines()
    unnoticed = [
        f"{name} in {model}"
        for name, model in planted.items()
        if not any(
            line.startswith(f"{model.relative_to(project_dir).as_posix()}: ") and by_name[name][1] in line
            for line in lines
        )
    ]
    assert unnoticed == []


@pytest.mark.parametrize(
    ("break_it", "finding"),
    [
        ("INSERT INTO actual VALUES (3, 'c', 1.5, NULL)", "1 rows differ"),
        ("DELETE FROM actual WHERE id = 2", "1 rows differ"),
        ("UPDATE actual SET name = 'B' WHERE id = 2", "2 rows differ"),
        ("UPDATE actual SET rate = rate + 1e-8 WHERE id = 1", "2 rows differ"),
        ("UPDATE actual SET rate = NULL WHERE id = 1", "2 rows differ"),
        ("UPDATE actual SET seen_at = '2026-01-01' WHERE id = 1", "2 rows differ"),
        ("ALTER TABLE actual RENAME name TO label", "columns differ: label, name"),
        ("ALTER TABLE actual ALTER id TYPE VARCHAR", "columns differ: id"),
        ("ALTER TABLE actual DROP seen_at", "columns differ: seen_at"),
    ],
)
def test_what_differs_between_two_relations_is_found(break_it: str, finding: str) -> None:
    with duckdb.connect() as connection:
        for name, whole in (("expected", "BIGINT"), ("actual", "HUGEINT")):
            connection.execute(f"CREATE TABLE {name} (id {whole}, name VARCHAR, rate DOUBLE, seen_at TIMESTAMP)")
            connection.execute(f"INSERT INTO {name} VALUES (1, 'a', 0.5, NULL), (2, 'b', NULL, '2026-01-01')")
        connection.execute("UPDATE actual SET rate = rate + 1e-12")
        assert differences(connection, "expected", "actual") == []
        connection.execute(break_it)
        assert differences(connection, "expected", "actual")[0] == finding


def test_without_data_the_check_says_so_in_one_line() -> None:
    outcome = run_check(PROJECT_DIR, "--data-dir", "/nonexistent")
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("DATA_DIR=/nonexistent is not a folder")
    assert len(outcome.stderr.splitlines()) == 1
