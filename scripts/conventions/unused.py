"""What nothing uses goes: macros, vars and columns of seeds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from scripts.conventions.code import DISPATCHED
from scripts.conventions.project import Project, without_comments


def macros_are_called(project: Project) -> Iterator[str]:
    """Every macro is called by something, or stands in for one of dbt's own.

    The text says so and not the manifest, which lacks what dbt calls on other engines and in incremental builds.
    """
    settings = (project.folder / "dbt_project.yml").read_text(encoding="utf-8")
    text = "\n".join([settings, *(text for _, text in project.sql_files("models", "macros", "tests/dbt"))])
    called = set(re.findall(r"(?<!macro )\b(\w+)\(", without_comments(text)))
    called |= {name for _, text in project.sql_files("macros") for name in DISPATCHED.findall(text)}
    called |= {f"test_{(test.get('test_metadata') or {}).get('name')}" for test in project.nodes("test")}
    of_dbt = {macro["name"] for macro in project.manifest["macros"].values() if macro["package_name"] != project.name}
    for macro in project.macros:
        what_it_is_a_side_of = re.sub(r"^[a-z]+__", "", macro["name"])
        if not {macro["name"], what_it_is_a_side_of} & (called | of_dbt):
            yield f"{macro['original_file_path']}: nothing calls {macro['name']}: remove it, and from macros/macros.yml"


def variables_are_read(project: Project) -> Iterator[str]:
    """Every var of dbt_project.yml is read."""
    settings = yaml.safe_load((project.folder / "dbt_project.yml").read_text(encoding="utf-8"))
    text = "\n".join(without_comments(text) for _, text in project.sql_files("models", "macros", "tests/dbt"))
    for name in settings.get("vars", {}):
        if not re.search(rf"\bvar\(['\"]{name}['\"]", text):
            yield f"dbt_project.yml: nothing reads the var {name}: remove it"


def seed_columns_are_read(project: Project) -> Iterator[str]:
    """Every column of a seed is named by a model that reads the seed."""
    for seed in project.seeds:
        readers = [model for model in project.models if seed.node["unique_id"] in model.node["depends_on"]["nodes"]]
        text = "\n".join(without_comments(model.text) for model in readers)
        for name in seed.columns:
            if not re.search(rf"\b{name}\b", text):
                yield f"{seed.sql}: no model reads the column {name}: remove it, and from {seed.yml}"


RULES = (macros_are_called, variables_are_read, seed_columns_are_read)
