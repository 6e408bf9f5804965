"""Names, and which file a thing belongs into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from scripts.conventions.project import Project
from scripts.rules import rule_ids

_WORDS = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_ID = re.compile(r"[A-Z]\d+")


def names_are_snake_case(project: Project) -> Iterator[str]:
    """Models and columns are written in snake_case."""
    for resource in (*project.models, *project.seeds):
        for name in (resource.name, *resource.columns):
            if not _WORDS.fullmatch(name):
                yield f"{resource.sql}: {name}: write the name in snake_case: lower case, digits, single underscores"


def base_models_are_named_like_their_source(project: Project) -> Iterator[str]:
    """A base model has the name of the source's table, as in the warehouse."""
    for model in project.models:
        tables = {key.rpartition(".")[2] for key in model.node["depends_on"]["nodes"] if key.startswith("source.")}
        if model.layer == "base" and tables and model.name not in tables:
            yield f"{model.sql}: reads the source's table {min(tables)}: name the model {min(tables)} too"


def a_model_has_its_yml_beside_it(project: Project) -> Iterator[str]:
    """x.sql is described in x.yml, and that describes nothing else."""
    for model in project.models:
        if not model.yml:
            yield f"{model.sql}: is described nowhere: write {model.beside} with grain, columns and tests"
        elif model.yml != model.beside:
            yield f"{model.yml}: describes {model.name}: move that into {model.beside}"
    for unit_test in project.manifest["unit_tests"].values():
        file = unit_test["original_file_path"]
        if PurePosixPath(file).stem != unit_test["model"]:
            yield f"{file}: {unit_test['name']} tests {unit_test['model']}: move it into that model's yml"


def unit_tests_name_their_rule(project: Project) -> Iterator[str]:
    """A unit test's name begins with the ids of the rules that it holds."""
    known = set(rule_ids((project.folder / "docs" / "semantics.md").read_text(encoding="utf-8")))
    for unit_test in project.manifest["unit_tests"].values():
        file, name = unit_test["original_file_path"], unit_test["name"]
        ids = [part for part in name.split("_") if _ID.fullmatch(part)]
        if not _ID.match(name):
            yield f"{file}: {name}: begin its name with the rule of docs/semantics.md that it holds, such as D2_"
        for unknown in (part for part in ids if part not in known):
            yield f"{file}: {name}: docs/semantics.md has no rule {unknown}: name one that it has, or add it there"


def test_files_say_what_they_are(project: Project) -> Iterator[str]:
    """Singular tests are called assert_… and say what they find; pytest collects test_*.py only."""
    for path, text in project.sql_files("tests/dbt"):
        if not PurePosixPath(path).name.startswith("assert_"):
            yield f"{path}: rename it to assert_… with what holds when it finds nothing"
        if not text.startswith("-- Rows: "):
            yield f"{path}: begin line 1 with `-- Rows: …`, what is wrong with the rows that it finds"
    for file in sorted((project.folder / "tests").rglob("*.py")):
        has_tests = re.search(r"^def test_", file.read_text(encoding="utf-8"), re.MULTILINE)
        if has_tests and not file.name.startswith("test_"):
            path = file.relative_to(project.folder).as_posix()
            yield f"{path}: pytest does not look for tests in a file of that name: rename it to test_{file.name}"


RULES = (
    names_are_snake_case,
    base_models_are_named_like_their_source,
    a_model_has_its_yml_beside_it,
    unit_tests_name_their_rule,
    test_files_say_what_they_are,
)
