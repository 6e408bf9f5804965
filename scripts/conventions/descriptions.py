"""Descriptions: what a row is, that it is one, and what each column means."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.conventions.project import Project, Resource

_GRAIN = "One row per "


def grain(text: str) -> str:
    """Return the words up to the first colon, comma or full stop outside brackets: what a row is."""
    return re.split(r"[:,;.](?![^(]*\))", " ".join(text.split()))[0]


def line_1_and_description_say_the_same_grain(project: Project) -> Iterator[str]:
    """A model's first line and its description begin with the same words; a seed has only the latter."""
    for model in project.models:
        first_line = model.text.partition("\n")[0].removeprefix("-- ")
        described = grain(model.node["description"])
        if not model.text.startswith(f"-- {_GRAIN}"):
            yield f"{model.sql}: line 1 does not say what a row is: begin it with `-- {_GRAIN}…`"
        elif model.yml and described != grain(first_line):
            yield (
                f"{model.beside}: the description begins `{described}`, line 1 of the model `{grain(first_line)}`: use"
                " the same words"
            )
    for seed in project.seeds:
        if not seed.node["description"].startswith(_GRAIN):
            yield f"{seed.yml}: {seed.name}: the description does not say what a row is: begin it with `{_GRAIN}…`"


def rows_are_tested_to_be_unique(project: Project) -> Iterator[str]:
    """Every grain is proven: by a test in the YAML, by one in tests/dbt, or the YAML says why none is needed."""
    singular = [test for test in project.nodes("test") if test["name"].endswith("_are_unique")]
    tested = {key for test in singular for key in test["depends_on"]["nodes"]}
    for resource in (*project.models, *project.seeds):
        is_tested = _has_unique_key(resource) or resource.node["unique_id"] in tested
        if resource.yml and not is_tested and not resource.node["config"]["meta"].get("why_not_tested_unique"):
            yield (
                f"{resource.yml}: nothing tests that {resource.name} has"
                f" {grain(resource.node['description']).lower() or 'one row per key'}: add `unique` to its key, or"
                " dbt_utils.unique_combination_of_columns to its data_tests"
            )


def _has_unique_key(resource: Resource) -> bool:
    return any(True for kind in ("unique", "unique_combination_of_columns") for _ in resource.tests_of(kind))


def columns_and_macros_are_described(project: Project) -> Iterator[str]:
    """Every column that is listed has a description, and every macro."""
    for resource in (*project.models, *project.seeds):
        for name, column in resource.columns.items():
            if not column["description"].strip():
                yield f"{resource.yml}: {name} of {resource.name} has no description: say what it is, and in which unit"
    for macro in project.macros:
        if not macro["description"].strip():
            yield f"macros/macros.yml: {macro['name']} is not described: say there what it gives and what it takes"


def seeds_describe_their_columns(project: Project) -> Iterator[str]:
    """The YAML lists the columns of a seed's first line, in their order."""
    for seed in project.seeds:
        header = seed.text.partition("\n")[0].strip().split(",")
        if list(seed.columns) != header:
            yield f"{seed.yml}: {seed.name}: describe the columns of {seed.sql} in their order: {', '.join(header)}"


RULES = (
    line_1_and_description_say_the_same_grain,
    rows_are_tested_to_be_unique,
    columns_and_macros_are_described,
    seeds_describe_their_columns,
)
