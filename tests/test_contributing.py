"""What CONTRIBUTING.md shows works: each of its examples is a patch that applies, is short, builds and has its effect.

A patch that no longer applies is made again: do what CONTRIBUTING.md says, then
`git diff -U1 > tests/contributing_patches/NAME.patch`.
"""

import difflib
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
import yaml

from scripts.documents import Project, problems
from tests.worlds import PROJECT_DIR, World, copy_project, run_dbt

PATCHES = sorted((PROJECT_DIR / "tests" / "contributing_patches").glob("*.patch"))
MOST_LINES = 10
TOUCHED = re.compile(r"^\+\+\+ b/(.*)$", re.MULTILINE)
MODEL = re.compile(r"models/(\w+)/(\w+)\.sql")


def touched(patch: Path) -> list[str]:
    return TOUCHED.findall(patch.read_text(encoding="utf-8"))


def without_unit_tests(text: str) -> list[str]:
    return text.split("\nunit_tests:")[0].splitlines()


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines removed and added, `-` or `+` first; those of unit tests are tests."""
    compared = difflib.unified_diff(without_unit_tests(before), without_unit_tests(after), lineterm="", n=0)
    return [line for line in list(compared)[2:] if not line.startswith("@@")]


def read(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project with all the patches, after each has been tried on its own."""
    folder = copy_project(tmp_path_factory.mktemp("contributing") / "project")
    shutil.copytree(PROJECT_DIR / "docs", folder / "docs")
    for patch in PATCHES:
        command = ["git", "apply", "--verbose", str(patch)]
        for arguments in (["--check"], []):
            outcome = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True)
            assert outcome.returncode == 0, f"{patch}: make it again, as this file's first lines say\n{outcome.stderr}"
    return folder


@pytest.fixture(scope="module")
def built(changed: Path) -> World:
    """Return the committed data as the changed project builds it, with every test of the models that were touched."""
    world = World(PROJECT_DIR / "data", changed.parent / "warehouse")
    models = sorted({name for patch in PATCHES for path in touched(patch) for _, name in MODEL.findall(path)})
    for command in (
        ["--quiet", "build", "--resource-type", "seed", "--resource-type", "model"],
        ["--quiet", "test", "--select", *models, "funnel_segments", "funnel_definitions", "funnel_step_conversion"],
    ):
        outcome = run_dbt(changed, world.data_dir, world.warehouse_dir, *command)
        assert outcome.returncode == 0, outcome.stdout
    return world


@pytest.mark.parametrize("patch", PATCHES, ids=lambda path: path.stem)
def test_an_example_is_short_and_stands_in_the_guide(changed: Path, patch: Path) -> None:
    lines = [
        line
        for name in touched(patch)
        if not name.startswith(("tests/", "data/"))
        for line in changed_lines(read(PROJECT_DIR, name), read(changed, name))
    ]
    assert 1 <= len(lines) <= MOST_LINES, lines
    shown = [
        line
        for document in Project(PROJECT_DIR).documents
        if document.path == "CONTRIBUTING.md"
        for language, text in document.blocks
        if language == "diff"
        for line in text.splitlines()
    ]
    assert [line for line in lines if line not in shown] == [], "show these lines in CONTRIBUTING.md"
    assert [name for name in touched(patch) if f"@@ {name}" not in shown] == []


def test_what_the_examples_describe_is_what_they_build(changed: Path, built: World) -> None:
    for layer, name in {found for patch in PATCHES for path in touched(patch) for found in MODEL.findall(path)}:
        (described,) = yaml.safe_load(read(changed, f"models/{layer}/{name}.yml"))["models"]
        columns = built.query(
            f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{name}' ORDER BY column_index",
            "prod" if layer == "prod" else "prep",
        )
        assert [column["name"] for column in described["columns"]] == [row["column_name"] for row in columns]
        assert len(read(changed, f"models/{layer}/{name}.sql").splitlines()) <= 100


def test_the_documents_stay_true_and_a_new_column_asks_for_its_entry(changed: Path) -> None:
    for name in ("data", ".github", "tests"):
        shutil.copytree(
            PROJECT_DIR / name, changed / name, ignore=shutil.ignore_patterns("*.parquet"), dirs_exist_ok=True
        )
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"):
        shutil.copy(PROJECT_DIR / name, changed)
    (problem,) = (problem for problem in problems(changed) if problem not in problems(PROJECT_DIR))
    assert problem.startswith("CHANGELOG.md: the columns of prod have changed")


def test_the_step_of_the_example_is_in_the_funnel(built: World) -> None:
    (row,) = built.query(
        "SELECT step_order, is_optional, reached_count FROM product.funnel_step_conversion "
        "WHERE funnel_name = 'MEMBER_INTAKE' AND step_name = 'NEXT_STEPS' "
        "AND segment_name = 'all' AND entered_month_start_date IS NULL"
    )
    assert (row["step_order"], row["is_optional"]) == (6, True)
    assert row["reached_count"] > 100


def test_the_step_of_the_example_leaves_the_rate_as_it_was(committed: World, built: World) -> None:
    query = (
        "SELECT funnel_name, entry_count, converted_count, conversion_rate FROM product.funnel_conversion_trends "
        "WHERE grain = 'all' AND segment_name = 'all' ORDER BY funnel_name"
    )
    assert built.query(query) == committed.query(query)


@pytest.mark.parametrize("table", ["funnel_step_conversion", "funnel_conversion_trends", "funnel_page_engagement"])
def test_the_segment_of_the_example_is_in_every_table_with_segments(built: World, table: str) -> None:
    values = built.query(f"SELECT DISTINCT segment_value FROM product.{table} WHERE segment_name = 'member_country'")
    entered = built.query("SELECT DISTINCT COALESCE(member_country, 'unknown') AS country FROM product.funnel_entries")
    assert {row["segment_value"] for row in values} == {row["country"] for row in entered}
    assert len(values) > 2


def test_the_segment_of_the_example_adds_up_to_everybody(built: World) -> None:
    counted = built.query(
        "SELECT funnel_name, segment_name, SUM(entry_count) AS entry_count FROM product.funnel_conversion_trends "
        "WHERE grain = 'all' AND segment_name IN ('all', 'member_country') GROUP BY ALL"
    )
    assert len({(row["funnel_name"], row["entry_count"]) for row in counted}) == 2
    assert len(counted) == 4


def test_the_source_column_of_the_example_has_the_source_s_values(built: World) -> None:
    source = f"READ_PARQUET('{built.data_dir}/wellthy/clients.parquet')"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        wanted = connection.execute(f"SELECT id, CAST(modified AS TIMESTAMP) FROM {source} ORDER BY id").fetchall()
    found = built.query(
        "SELECT DISTINCT client_id, client_modified_at FROM product.funnel_entries "
        "WHERE client_id IS NOT NULL ORDER BY client_id"
    )
    assert [tuple(row.values()) for row in found] == wanted
    assert all(modified for _, modified in wanted)


def test_the_event_column_of_the_example_has_the_source_s_values(built: World) -> None:
    source = f"READ_PARQUET('{built.data_dir}/snowplow/events/*.parquet')"
    with duckdb.connect() as connection:
        wanted = connection.execute(
            f"SELECT LOWER(br_lang) AS language, COUNT(*) AS event_count FROM {source} GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    found = built.query(
        "SELECT browser_language, COUNT(*) AS event_count FROM base.events GROUP BY ALL ORDER BY ALL", "prep"
    )
    assert [tuple(row.values()) for row in found] == wanted
    assert len(wanted) > 3
