"""`make docs`: dbt's own documentation as one page that loads nothing, with each reader, its owner and question."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from scripts.docs_page import self_contained
from tests.worlds import PROJECT_DIR, World

EXPOSURES = yaml.safe_load((PROJECT_DIR / "models" / "prod" / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
WRITE = "import sys; from pathlib import Path; from scripts.docs_page import *; write_docs(*map(Path, sys.argv[1:]))"


class Tags(HTMLParser):
    """The tags of a page, in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def write(warehouse_dir: Path, page: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WRITE, str(PROJECT_DIR), str(warehouse_dir), str(page)]
    return subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)


@pytest.fixture(scope="module")
def page(committed: World, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the page of the committed data; the databases stay as they were."""
    path = tmp_path_factory.mktemp("docs") / "report" / "docs.html"
    before = {file.name: file.read_bytes() for file in committed.warehouse_dir.glob("*.duckdb")}
    outcome = write(committed.warehouse_dir, path)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")
    assert {file.name: file.read_bytes() for file in committed.warehouse_dir.glob("*.duckdb")} == before
    assert [file.name for file in path.parent.iterdir()] == ["docs.html"]
    return path.read_text(encoding="utf-8")


def within(page: str, start: str) -> dict[str, Any]:
    """Return the JSON object of the page that begins so."""
    found, _ = json.JSONDecoder().raw_decode(page, page.index(start))
    return found


@pytest.fixture(scope="module")
def manifest(page: str) -> dict[str, Any]:
    return within(page, '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest')


def test_every_reader_has_an_owner_a_question_and_reads_only_prod(manifest: dict[str, Any]) -> None:
    told = {exposure["name"]: exposure for exposure in manifest["exposures"].values()}
    assert list(told) == [exposure["name"] for exposure in EXPOSURES]
    assert {"answers", "signup_dashboards"} <= set(told)
    for exposure in EXPOSURES:
        assert exposure["owner"]["name"]
        assert "?" in exposure["description"], f"{exposure['name']}: say in its description which question it answers"
        assert told[exposure["name"]]["owner"]["name"] == exposure["owner"]["name"]
        assert told[exposure["name"]]["description"] == exposure["description"]
        read = told[exposure["name"]]["depends_on"]["nodes"]
        tables = [manifest["nodes"][node] for node in read]
        assert {table["schema"] for table in tables if not table["time_spine"]} == {"product"}


def test_every_table_has_its_columns_and_their_types(page: str, manifest: dict[str, Any]) -> None:
    catalog = within(page, '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog')
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    assert set(models) <= set(catalog["nodes"])
    for key, node in models.items():
        types = {name: column["type"] for name, column in catalog["nodes"][key]["columns"].items()}
        assert list(types) == list(node["columns"])
        assert all(types.values())


def test_the_page_loads_nothing(page: str, manifest: dict[str, Any]) -> None:
    tags = Tags(page.split("<script", 1)[0]).found
    names = [tag for tag, _ in tags]
    assert names[names.index("head") + 1] == "meta", "the policy comes before everything that it is for"
    policy = next(attributes["content"] for _, attributes in tags if attributes.get("http-equiv"))
    sources: dict[str, str] = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    assert sources.pop("default-src") == "'none'"
    assert {name for rule in sources.values() for name in rule.split()} <= {
        *("'none'", "'unsafe-inline'", "'unsafe-eval'", "data:")
    }
    assert "link" not in names
    assert not re.search(r"<script[^>]*\ssrc=", page)
    assert manifest["metadata"]["send_anonymous_usage_stats"] is False, "then the page tracks nobody"


def test_the_page_does_not_say_in_which_folder_it_was_made(page: str, committed: World) -> None:
    assert str(PROJECT_DIR) not in page
    assert str(committed.warehouse_dir.parent) not in page
    assert not re.search(r"/tmp/\w", page)


def test_the_overview_leads_to_the_readers_and_the_lineage(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.care_signup_funnel.__overview__"]["block_contents"]
    assert "**Exposures**" in overview
    assert re.findall(r"\]\((.*?)\)", overview) == ["?lineage#!/overview?g_v=1&g_i=%2Bexposure:*"]


def test_only_what_loads_is_taken_from_dbt_s_page() -> None:
    before = '<head><link rel="shortcut icon" href="x.ico"/><use xlink:href="{{ a }}"></use><use xlink:href="#b"></use>'
    after = self_contained(before)
    assert after.startswith('<head><meta http-equiv="Content-Security-Policy" content="default-src ')
    assert after.endswith('"><use ng-attr-href="{{ a }}"></use><use xlink:href="#b"></use>')


def run(warehouse_dir: Path) -> subprocess.CompletedProcess[str]:
    """Run the program on tables that it must refuse: else it would write to the project's own report/."""
    environment = {**os.environ, "WAREHOUSE_DIR": str(warehouse_dir)}
    command = [sys.executable, "-m", "scripts.docs_page"]
    return subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)


def test_without_tables_one_line_says_what_to_do(tmp_path: Path) -> None:
    outcome = run(tmp_path)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr == f"{tmp_path / 'raw.duckdb'} is not there: run `make build` first\n"


def test_tables_that_another_program_writes_are_told_in_one_line(committed: World, tmp_path: Path) -> None:
    warehouse_dir = shutil.copytree(committed.warehouse_dir, tmp_path / "warehouse")
    with duckdb.connect(str(warehouse_dir / "prod.duckdb")):
        outcome = run(warehouse_dir)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "prod.duckdb is being written by another program (PID " in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
