"""The file that `make report` writes: it needs nothing besides, says what it reads, and comes whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import yaml

from scripts.report.__main__ import make_report
from scripts.report.answers import TABLES
from scripts.report.prod import ReportError, opened
from tests.report_reader import Reader
from tests.report_worlds import changed_copy
from tests.worlds import PROJECT_DIR, World


@pytest.fixture(scope="module")
def page(committed_report: Path) -> Reader:
    return Reader(committed_report)


def test_the_page_asks_for_nothing(page: Reader) -> None:
    links = [
        attributes[name] for _, attributes in page.elements for name in ("href", "src", "action") if name in attributes
    ]
    assert [link for link in links if not link.startswith(("#", "data:"))] == []
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page.source, re.DOTALL)
    outside = page.source
    for script in scripts:
        outside = outside.replace(script, "")
    assert re.findall(r"https?:|@import|url\(", outside) == []


def test_the_policy_knows_the_inline_scripts_and_the_style_and_no_others(page: Reader) -> None:
    (policy,) = (attributes["content"] for tag, attributes in page.elements if attributes.get("http-equiv"))
    inline = re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", page.source, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline}
    assert len(hashes) == 3
    assert set(re.findall(r"'sha256-[^']+'", policy)) == hashes
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")


def test_the_page_has_the_lineage_as_the_repository_draws_it(page: Reader) -> None:
    ((source, alternative),) = ((each["src"], each["alt"]) for tag, each in page.elements if tag == "img")
    drawn = base64.b64decode(source.removeprefix("data:image/svg+xml;base64,"))
    assert drawn == (PROJECT_DIR / "docs" / "lineage.svg").read_bytes()
    assert alternative


def test_tables_are_named_and_headed(page: Reader) -> None:
    tags = [tag for tag, _ in page.elements]
    assert tags.count("caption") == tags.count("table") == tags.count("thead") > 10
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.elements if tag == "th")
    drawings = [attributes for tag, attributes in page.elements if attributes.get("class") == "chart"]
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in drawings)
    described = {attributes["aria-describedby"] for attributes in drawings}
    assert described <= {attributes.get("id") for _, attributes in page.elements}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = {
        attributes["href"][1:] for tag, attributes in page.elements if tag == "a" and attributes["href"][0] == "#"
    }
    assert targets <= set(ids)


def test_the_page_is_small_made_quickly_and_the_same_again(committed: World, tmp_path: Path) -> None:
    contents = []
    for name in ("first", "second"):
        started = time.monotonic()
        outcome = run_report(committed.warehouse_dir, tmp_path, "--out", str(tmp_path / name))
        assert time.monotonic() - started < 15
        assert outcome.returncode == 0, outcome.stderr
        assert re.fullmatch(rf"{re.escape(str(tmp_path / name))}: [\d.]+ MB\n", outcome.stdout)
        contents.append((tmp_path / name).read_bytes())
    assert len(contents[0]) <= 3_000_000
    assert contents[0] == contents[1]


def test_the_exposure_and_the_page_name_the_tables_that_are_read(page: Reader) -> None:
    read = set(re.findall(r"product\.(\w+)", page.source))
    assert read == set(TABLES)
    exposures = yaml.safe_load((PROJECT_DIR / "models/prod/exposures.yml").read_text(encoding="utf-8"))["exposures"]
    (report,) = (exposure for exposure in exposures if exposure["name"] == "report")
    assert {ref.split("'")[1] for ref in report["depends_on"]} == set(TABLES)


# --- The command -------------------------------------------------------------------------------------------------


def run_report(
    warehouse_dir: Path, folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.report", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR), "WAREHOUSE_DIR": str(warehouse_dir), **variables},
        capture_output=True,
        text=True,
    )


def test_it_says_in_one_line_why_there_is_no_report(committed: World, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "prod.duckdb").write_text("no database")
    old = changed_copy(committed, tmp_path / "old", "DROP TABLE product.funnel_drop_off_destinations")
    (tmp_path / "file").write_text("not a folder")
    cases = [
        (tmp_path / "nothing", [], "nothing/prod.duckdb is not there: run `make build` first"),
        (tmp_path / "broken", [], "prod.duckdb cannot be read, run `make build` again"),
        (old, [], "prod.duckdb cannot be read, run `make build` again"),
        (committed.warehouse_dir, ["--format", "pdf"], "FORMAT=pdf is unknown: it can be html or md"),
        (committed.warehouse_dir, ["--out", str(tmp_path)], "is a folder: name a file"),
        (committed.warehouse_dir, ["--out", str(tmp_path / "file" / "x")], "cannot be written"),
    ]
    for warehouse_dir, arguments, words in cases:
        outcome = run_report(warehouse_dir, tmp_path, *arguments)
        assert outcome.returncode == 2
        assert words in outcome.stderr
        assert len(outcome.stderr.splitlines()) == 1
        assert outcome.stdout == ""


def test_the_page_goes_where_it_is_told_and_replaces_the_old_one_whole(committed: World, tmp_path: Path) -> None:
    assert run_report(committed.warehouse_dir, tmp_path).stdout.startswith("report/index.html: ")
    assert run_report(committed.warehouse_dir, tmp_path, OUT="other.html").stdout.startswith("other.html: ")
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["index.html", "other.html"]
    assert (tmp_path / "other.html").read_bytes() == (tmp_path / "report" / "index.html").read_bytes()


def test_a_disk_that_is_full_leaves_the_old_page(
    committed: World, committed_report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(shutil.copy(committed_report, tmp_path))

    def write_a_part(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:1000])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", write_a_part)
    with pytest.raises(ReportError, match="cannot be written: No space left on device"):
        make_report(committed.warehouse_dir, "html", page)
    assert page.read_text(encoding="utf-8") == committed_report.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [page.name]


def test_reading_leaves_the_database_as_it_was(committed: World) -> None:
    before = (committed.warehouse_dir / "prod.duckdb").read_bytes()
    with opened(committed.warehouse_dir) as prod, pytest.raises(duckdb.Error):
        prod.connection.execute("DELETE FROM product.funnel_entries")
    assert (committed.warehouse_dir / "prod.duckdb").read_bytes() == before
