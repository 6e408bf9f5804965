"""Write dbt's own documentation as one page that asks nobody for anything: report/docs.html.

It is made of the models as they are and of the tables of the last build, which are only read.
Exit codes: 0 written, 2 not.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from scripts import PROJECT_DIR
from scripts.arguments import Parser, is_on
from scripts.databases import DatabaseError, opened
from scripts.dbt_run import in_one_line
from scripts.packages import PackagesError, provide_dbt_utils
from scripts.pages import replace_file
from scripts.warehouse import DATABASES

PAGE = PROJECT_DIR / "report" / "docs.html"
# Dbt's page knows how to track its readers: whatever it may ask for, the browser refuses.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
_LINKS_ELSEWHERE = re.compile(r'<link rel="(?:canonical|shortcut icon)" [^>]*>')


class DocsError(Exception):
    """There is nothing to document from, or dbt cannot do it; the message says what to do."""


def write_docs(project_dir: Path, warehouse_dir: Path, page: Path) -> None:
    """Write the documentation of the project and of the tables in `warehouse_dir`.

    Raises:
        DocsError: the tables are not there, damaged or held by another program, or dbt cannot read the project.
        PackagesError: dbt-utils cannot be provided.
    """
    _check_readable(warehouse_dir)
    provide_dbt_utils(project_dir)
    with tempfile.TemporaryDirectory() as scratch:
        _generate(project_dir, warehouse_dir, Path(scratch))
        text = (Path(scratch) / "static_index.html").read_text(encoding="utf-8")
    for folder in (scratch, str(project_dir)):
        text = text.replace(_in_json(folder), ".")  # the page is passed on, and whose folder it was is nobody's concern
    replace_file(page, self_contained(text).encode())


def self_contained(text: str) -> str:
    """Return dbt's page with a policy that lets it load nothing, and without its own attempts to load files."""
    head = f'<head><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    text = _LINKS_ELSEWHERE.sub("", text, count=2).replace("<head>", head, 1)
    return text.replace('xlink:href="{{', 'ng-attr-href="{{')  # icons that it asks for before it knows their names


def _check_readable(warehouse_dir: Path) -> None:
    try:
        for name in DATABASES:
            with opened(warehouse_dir / name):
                pass
    except DatabaseError as error:
        raise DocsError(str(error)) from error


def _generate(project_dir: Path, warehouse_dir: Path, scratch: Path) -> None:
    os.environ["WAREHOUSE_DIR"] = str(warehouse_dir)
    (scratch / "profiles.yml").write_text(yaml.safe_dump(_reading_profile(project_dir)), encoding="utf-8")

    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    quiet = ["--log-level", "none", "--log-level-file", "none", "--log-path", str(scratch)]
    folders = ["--project-dir", str(project_dir), "--profiles-dir", str(scratch), "--target-path", str(scratch)]
    outcome = dbtRunner().invoke([*quiet, "docs", "generate", "--static", *folders, "--target", "local"])
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        words = in_one_line(outcome.exception) if outcome.exception else "a model does not compile: run `make build`"
        raise DocsError(f"dbt cannot document the project: {words}")


def _reading_profile(project_dir: Path) -> dict[str, Any]:
    """Return the project's profile, with databases that are only read: a BI tool may have them open."""
    profile: dict[str, Any] = yaml.safe_load((project_dir / "profiles.yml").read_text(encoding="utf-8"))
    local = profile["care_signup_funnel"]["outputs"]["local"]
    local["config_options"] = {"access_mode": "READ_ONLY"}
    local["attach"] = [{**database, "read_only": True} for database in local["attach"]]
    return profile


def _in_json(folder: str) -> str:
    return json.dumps(folder)[1:-1]


def main() -> None:
    """Write the page and say where; exit with 2 when there are no tables or dbt cannot."""
    parser = Parser(prog="python -m scripts.docs_page", description=__doc__.splitlines()[0])
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    given = parser.parse_args()
    console = Console()
    warehouse_dir = Path(os.environ.get("WAREHOUSE_DIR") or "warehouse").resolve()
    try:
        with console.status("Reading models and tables"):
            write_docs(PROJECT_DIR, warehouse_dir, PAGE)
    except (DocsError, PackagesError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"{error.filename} cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    print(f"Written: {os.path.relpath(PAGE)}")
    if given.open or is_on(os.environ.get("OPEN")):
        webbrowser.open(PAGE.as_uri())


if __name__ == "__main__":
    main()
