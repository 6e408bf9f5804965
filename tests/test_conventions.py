"""The project keeps its conventions, in its files and in the tables built of them."""

from scripts.conventions import findings
from scripts.conventions.project import Project
from scripts.conventions.tables import findings_in_tables
from tests.worlds import PROJECT_DIR, World


def test_the_files_keep_the_conventions() -> None:
    assert findings(Project(PROJECT_DIR)) == []


def test_the_tables_keep_the_conventions(committed: World) -> None:
    assert findings_in_tables(Project(PROJECT_DIR), committed.warehouse_dir, committed.people()) == []
