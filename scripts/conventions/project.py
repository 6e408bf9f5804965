"""What the rules look at: the files of the project, and dbt's manifest of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from scripts.manifest import read_manifest


@dataclass(frozen=True)
class Resource:
    """A model or a seed."""

    sql: str
    """The file that makes it, from the project's folder: a seed's is CSV."""
    text: str
    yml: str
    """The file that describes it; empty where none does."""
    node: dict[str, Any]
    tests: tuple[dict[str, Any], ...]
    """The data tests that its own YAML asks for."""

    @property
    def name(self) -> str:
        """Its name, as in ref()."""
        name: str = self.node["name"]
        return name

    @property
    def layer(self) -> str:
        """The folder that it lies in."""
        return PurePosixPath(self.sql).parent.name

    @property
    def beside(self) -> str:
        """Where its YAML belongs."""
        return PurePosixPath(self.sql).with_suffix(".yml").as_posix()

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        """The described columns by name, in their order."""
        columns: dict[str, dict[str, Any]] = self.node["columns"]
        return columns

    def tests_of(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the arguments of its tests of a kind, such as rules_hold."""
        for test in self.tests:
            if test["test_metadata"]["name"] == kind:
                yield test["test_metadata"]["kwargs"]


class Project:
    """A project's folder and what dbt makes of it; read when asked for.

    Raises:
        ManifestError, PackagesError: dbt cannot read it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Dbt's manifest."""
        return read_manifest(self.folder)

    @property
    def name(self) -> str:
        """The project's name, which tells its macros from those of packages."""
        name: str = self.manifest["metadata"]["project_name"]
        return name

    @cached_property
    def models(self) -> list[Resource]:
        """The models."""
        return list(self._resources("model"))

    @cached_property
    def seeds(self) -> list[Resource]:
        """The seeds."""
        return list(self._resources("seed"))

    @cached_property
    def macros(self) -> list[dict[str, Any]]:
        """The project's own macros."""
        return [macro for macro in self.manifest["macros"].values() if macro["package_name"] == self.name]

    def nodes(self, kind: str) -> list[dict[str, Any]]:
        """Return the project's nodes of a kind, such as test."""
        nodes = self.manifest["nodes"].values()
        return [node for node in nodes if node["resource_type"] == kind and node["package_name"] == self.name]

    def _resources(self, kind: str) -> Iterator[Resource]:
        tests = self.nodes("test")
        for node in self.nodes(kind):
            sql = node["original_file_path"]
            yield Resource(
                sql=sql,
                text=(self.folder / sql).read_text(encoding="utf-8"),
                yml=(node["patch_path"] or "").partition("://")[2],
                node=node,
                tests=tuple(test for test in tests if test.get("attached_node") == node["unique_id"]),
            )

    def sql_files(self, *folders: str) -> Iterator[tuple[str, str]]:
        """Yield path and text of every SQL file below the folders."""
        for folder in folders:
            for path in sorted((self.folder / folder).rglob("*.sql")):
                yield path.relative_to(self.folder).as_posix(), path.read_text(encoding="utf-8")


def without_comments(text: str) -> str:
    """Return SQL with its comments blanked, on the same lines."""
    return re.sub(r"\{#.*?#\}|--[^\n]*", lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=re.DOTALL)


def line_of(text: str, position: int) -> int:
    """Return the number of the line that a position of the text is on."""
    return text.count("\n", 0, position) + 1
