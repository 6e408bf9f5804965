"""The documents tell the truth: what they name is there, what is there they name, and their commands run."""

import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

import scripts
import tests
from scripts import bench, report, review, simulate, snowflake
from scripts.documents import Project, problems, read_document
from tests.worlds import PROJECT_DIR, World

BI = PROJECT_DIR / "docs" / "bi.md"
PROGRAM = "-m scripts.documents"
FILES = ("Makefile", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md", "profiles.yml", "review.yml")
FOLDERS = (".github", "docs", "macros", "models", "packages", "scripts", "seeds", "tests")
ADDED_OPTION = 'if __name__ == "__main__":\n    parser.add_argument("--colour")\n'

# Commands of code blocks that run in a test of their own, and those that none runs.
RUN_ELSEWHERE = {
    "make build": "every test that reads a world: tests/conftest.py runs the program",
    "make test": "this run",
    "make review": "tests/test_review.py",
    "make lint": ".ci/run",
    "make build DATA_DIR=sample WAREHOUSE_DIR=warehouse_sample": "tests/test_snowflake_transfer.py",
    ".venv/bin/python -m scripts.snowflake.transfer convert downloaded sample": "tests/test_snowflake_transfer.py",
    ".venv/bin/python -m scripts.simulate --people 20000 --months 12 --seed 1 --start 2025-01-01"
    " --out /tmp/world [--no-truth] [--tsv /tmp/lines]": ("tests/conftest.py, with fewer people"),
}
NOT_RUN = {
    "git switch -c my-change": "changes the checkout",
    'make bench ARGS="--events 10000000 --runs 3 --json bench.json"': "takes minutes: tests/test_bench.py",
    'make bench ARGS="--only build,by_hand --data-dir data"': "takes a minute: tests/test_bench.py",
    'make bench ARGS="--only funnel --hits 20000000"': "needs ClickHouse",
    "export SNOWFLAKE_ACCOUNT=… SNOWFLAKE_USER=… SNOWFLAKE_ROLE=… SNOWFLAKE_WAREHOUSE=…": "needs an account",
    "export SNOWFLAKE_PRIVATE_KEY_PATH=…": "needs an account",
    "export SNOWFLAKE_DEVELOPER=anna": "needs an account",
    "make snowflake-build ARGS=--empty": "needs an account; tests/test_snowflake_target.py runs it without",
    "make snowflake-build": "needs an account",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the documents and of what they are held against, to be changed."""
    for name in FOLDERS:
        shutil.copytree(PROJECT_DIR / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "data").mkdir()
    for name in FILES:
        shutil.copy(PROJECT_DIR / name, tmp_path / name)
    return tmp_path


def new_problems(copy: Path) -> list[str]:
    """Return what is not true any more: what is not true of the project itself is another test's business."""
    before = problems(PROJECT_DIR)
    return [problem for problem in problems(copy) if problem not in before]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} is not what this test changes any more"
    path.write_text(text.replace(old, new), encoding="utf-8")


def append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + text, encoding="utf-8")


def test_the_documents_of_this_project_are_true() -> None:
    assert problems(PROJECT_DIR) == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("answers:", ["`make answers`: the Makefile has no such target", "`make replies` is not mentioned"]),
        ("export:", ["`make export`: the Makefile has no such target", "`make replies` is not mentioned"]),
        ("help:", ["`make help`: the Makefile has no such target", "`make replies` is not mentioned"]),
    ],
)
def test_a_renamed_make_target_is_told(copy: Path, target: str, words: list[str]) -> None:
    replace(copy / "Makefile", f"\n{target}", "\nreplies:")
    found = new_problems(copy)
    assert all(any(each in line for line in found) for each in words), found


def test_a_renamed_prod_table_is_told(copy: Path) -> None:
    model = copy / "models" / "prod" / "funnel_client_comparison.sql"
    model.rename(model.with_stem("client_comparison"))
    in_bi, in_readme, missing = new_problems(copy)
    assert in_bi.endswith(": product.funnel_client_comparison: there is no such prod table: name another")
    assert in_readme.startswith("README.md: `funnel_client_comparison` stands among the tables to read and is none of ")
    assert missing == "README.md: `client_comparison` is not among the tables to read: add a row for it"


@pytest.mark.parametrize(
    ("document", "text", "problem"),
    [
        ("README.md", "`make juice`", "`make juice`: the Makefile has no such target"),
        ("README.md", "```\nmake DATA_DIR=x juice\n```", "`make juice`: the Makefile has no such target"),
        ("CONTRIBUTING.md", "`make juice`", "`make juice`: the Makefile has no such target"),
        ("docs/decisions/0001-new.md", "`make juice`", "`make juice`: the Makefile has no such target"),
        ("README.md", "`make build COLOUR=red`", "COLOUR=: nothing reads this variable"),
        ("data/README.md", "    COLOUR=red make build", "COLOUR=: nothing reads this variable"),
        ("README.md", "`python -m scripts.juice`", "there is no such program"),
        ("README.md", "`python -m scripts.rules --colour`", "--colour: scripts.rules has no such option"),
        ("README.md", "`python -m scripts.review --people`", "--people: scripts.review has no such option"),
        ("docs/bi.md", "`--colour`", "--colour: no program has such an option"),
        ("README.md", "`scripts/juice.py`", "`scripts/juice.py`: there is no such file"),
        ("README.md", "`models/juice/*.sql`", "`models/juice/*.sql`: there is no such file"),
        ("README.md", "[x](docs/juice.md)", "docs/juice.md: the link leads nowhere"),
        ("docs/bi.md", "![x](juice.png)", "juice.png: the link leads nowhere"),
        ("docs/bi.md", "[x](../README.md#juice)", "../README.md#juice: there is no such heading"),
        ("README.md", "[x](#juice)", "#juice: there is no such heading"),
        ("docs/bi.md", "`SELECT 1 FROM prod.product.juice`", "product.juice: there is no such prod table"),
    ],
)
def test_what_a_document_names_must_be_there(copy: Path, document: str, text: str, problem: str) -> None:
    append(copy / document, f"\n\n{text}\n")
    (found,) = new_problems(copy)
    assert re.match(rf"{re.escape(document)}:\d+: ", found)
    assert problem in found
    lines = (copy / document).read_text(encoding="utf-8").splitlines()
    assert text.strip("`\n").splitlines()[-1] in lines[int(found.split(":")[1]) - 1]


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("Makefile", "\njuice: ## press\n\t@true\n", "README.md: `make juice` is not mentioned"),
        ("Makefile", "\nCOLOUR ?= red\n", "README.md: make's variable COLOUR is not mentioned"),
        ("scripts/juice.py", ADDED_OPTION, "README.md: --colour of scripts.juice is in no document"),
        ("models/prod/juice.sql", "-- One row per orange.\n", "README.md: `juice` is not among the tables to read"),
    ],
)
def test_what_is_there_must_be_named(copy: Path, file: str, text: str, problem: str) -> None:
    append(copy / file, text)
    (found,) = new_problems(copy)
    assert found.startswith(problem)


def test_what_is_named_in_contributing_need_not_be_in_the_readme(copy: Path) -> None:
    append(copy / "Makefile", "\njuice: ## press\n\t@true\n")
    append(copy / "CONTRIBUTING.md", "# Contributing\n\n`make juice` presses.\n")
    assert new_problems(copy) == []


def test_the_program_prints_one_line_each_and_fails(copy: Path) -> None:
    append(copy / "README.md", "\n`make juice` and `make jam`\n")
    command = [sys.executable, *PROGRAM.split()]
    outcome = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.splitlines() == problems(copy)
    assert [line.split(": ")[1] for line in new_problems(copy)] == ["`make juice`", "`make jam`"]
    outcome = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)
    before = problems(PROJECT_DIR)
    assert (outcome.returncode, outcome.stdout, outcome.stderr.splitlines()) == (int(bool(before)), "", before)


def dry_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--dry-run", "--always-make", *arguments]
    return subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)


def test_lint_asks_both_programs() -> None:
    recipe = dry_run("lint").stdout
    assert PROGRAM in recipe
    assert "-m scripts.lineage --check" in recipe


def test_documents_are_short() -> None:
    for path, most in ((PROJECT_DIR / "README.md", 100), (BI, 40)):
        text = re.sub(r"^```mermaid\n.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        assert len(text.splitlines()) <= most, f"{path.name}, without its graph"


# --- Commands ----------------------------------------------------------------------------------------------------


def commands() -> list[str]:
    """Return every command of a code block, without its comment."""
    blocks = [block for document in Project(PROJECT_DIR).documents for block in document.blocks]
    lines = [line for language, text in blocks if language in ("", "sh") for line in text.splitlines()]
    return [re.split(r" +# ", line)[0].split(" > ")[0].strip() for line in lines]


def test_every_command_of_a_code_block_runs_somewhere() -> None:
    runs_here = {command for command in commands() if runner(command)}
    assert set(commands()) == runs_here | set(RUN_ELSEWHERE) | set(NOT_RUN), "say how it runs, or why not"
    assert runs_here.isdisjoint({*RUN_ELSEWHERE, *NOT_RUN})


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("make ")])
def test_make_knows_the_target_of_every_command(command: str) -> None:
    outcome = dry_run(*shlex.split(command)[1:])
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert ".venv/bin/python -m " in outcome.stdout, "a phony target without a recipe does nothing"


def runner(command: str) -> str:
    """Return how a command runs in this file."""
    if command.startswith("duckdb -readonly "):
        return "duckdb"
    return "python" if re.match(r"\.venv/bin/python -m scripts\.snowflake\.transfer (sample|load) ", command) else ""


@pytest.mark.parametrize("package", [scripts, bench, report, review, simulate, snowflake, tests])
def test_the_map_of_a_package_has_all_its_modules(package: ModuleType) -> None:
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)} - {"__main__"}
    untold = modules - set(re.findall(r"\w+", package.__doc__ or ""))
    assert [name for name in untold if not name.startswith("test_")] == []


@pytest.mark.parametrize("command", [command for command in commands() if runner(command)])
def test_the_command_runs(committed: World, tmp_path: Path, command: str) -> None:
    if runner(command) == "duckdb":  # its command line is no package of this project; the statement is the same
        _, _, database, statement = shlex.split(command)
        assert database == "warehouse/prod.duckdb"
        assert committed.query(statement)
    else:
        (tmp_path / "data").symlink_to(PROJECT_DIR / "data")
        arguments = [sys.executable, *shlex.split(command)[1:]]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT_DIR)}
        outcome = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stderr
        assert "COPY INTO" in outcome.stdout


def test_the_python_of_bi_md_runs(committed: World, tmp_path: Path) -> None:
    (program,) = [text for language, text in read_document(PROJECT_DIR, BI).blocks if language == "python"]
    (tmp_path / "warehouse").symlink_to(committed.warehouse_dir)
    outcome = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "conversion_rate" in outcome.stdout
    assert "2026-01-01" in outcome.stdout


@pytest.mark.parametrize("database", ["raw", "prep", "prod"])
def test_every_duckdb_from_1_0_on_reads_the_databases(committed: World, database: str) -> None:
    with duckdb.connect(str(committed.warehouse_dir / f"{database}.duckdb"), read_only=True) as connection:
        ((found,),) = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert found["storage_version"] == "v1.0.0+"
