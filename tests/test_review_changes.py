"""What a review pairs and compares, on two sides of a few tables."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from scripts.review.changes import model_changes
from scripts.review.settings import Settings
from scripts.review.sides import Side, UsageError
from tests.review_repository import run_review
from tests.worlds import PROJECT_DIR


def side(folder: Path, **models: str) -> Side:
    """Return a side whose models have these files; its manifest has them too."""
    built = Side(folder.name, folder)
    (built.project_dir / "models").mkdir(parents=True)
    built.manifest = {"nodes": {f"model.p.{name}": node(name, built, sql) for name, sql in models.items()}}
    return built


def node(name: str, built: Side, sql: str) -> dict[str, Any]:
    path = f"models/{name}.sql"
    (built.project_dir / path).write_text(sql, encoding="utf-8")
    return {
        "unique_id": f"model.p.{name}",
        "resource_type": "model",
        "name": name,
        "database": "prod",
        "schema": "main",
        "original_file_path": path,
        "compiled_code": sql,
        "depends_on": {"nodes": []},
    }


def test_a_view_is_refused_as_it_reads_the_other_side(tmp_path: Path) -> None:
    base, head = side(tmp_path / "base", x="SELECT 1 AS a"), side(tmp_path / "head", x="SELECT 2 AS a")
    with duckdb.connect() as connection:
        for name, kind in (("base", "TABLE"), ("head", "VIEW")):
            connection.execute(f"ATTACH ':memory:' AS {name}_prod")
            connection.execute(f"CREATE {kind} {name}_prod.main.x AS SELECT 1 AS a")
        with pytest.raises(UsageError, match=r"^models/x\.sql: a view on head, .*: make it a table$"):
            model_changes(connection, base, head, Settings())


def test_a_model_of_each_kind_is_told(tmp_path: Path) -> None:
    base = side(tmp_path / "base", same="SELECT 1", changed="SELECT 1", old="SELECT 7", gone="SELECT 8")
    head = side(tmp_path / "head", same="SELECT 1", changed="SELECT 2", new="SELECT 7", more="SELECT 9")
    with duckdb.connect() as connection:
        for name, built in (("base", base), ("head", head)):
            connection.execute(f"ATTACH ':memory:' AS {name}_prod")
            for each in built.manifest["nodes"].values():
                connection.execute(f"CREATE TABLE {name}_prod.main.{each['name']} AS {each['compiled_code']} AS a")
        changes = {change.name: change for change in model_changes(connection, base, head, Settings())}
    kinds = {name: change.kind for name, change in changes.items()}
    assert kinds == {"same": "same", "changed": "changed", "new": "renamed", "more": "added", "gone": "removed"}
    assert changes["new"].base_name == "old"
    assert changes["changed"].why == ("code",)
    assert changes["changed"].code_diff.splitlines()[-2:] == ["-SELECT 1", "+SELECT 2"]
    assert changes["more"].code_diff.splitlines()[-1] == "+SELECT 9"
    assert changes["gone"].code_diff.splitlines()[-1] == "-SELECT 8"


def test_an_amount_of_memory_that_is_none_is_refused_at_once() -> None:
    outcome = run_review(PROJECT_DIR, "--aa", MEMORY_LIMIT="plenty")
    assert outcome.returncode == 2
    assert outcome.stderr == (
        "MEMORY_LIMIT=plenty is no amount of memory, such as 4GB or 60%\nreview: ERROR (exit 2)\n"
    )
