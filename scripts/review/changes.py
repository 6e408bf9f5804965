"""What happened to each model and seed: paired by name, or by equal contents where one was renamed, and compared."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from scripts.databases import row_count
from scripts.review.compare import Tolerance, compare_relations, same_contents
from scripts.review.findings import Key, ModelChange
from scripts.review.keys import key_of
from scripts.review.settings import Settings
from scripts.review.sides import Side, UsageError

Node = dict[str, Any]


def model_changes(
    connection: duckdb.DuckDBPyConnection, base: Side, head: Side, settings: Settings
) -> tuple[ModelChange, ...]:
    """Compare every model and seed of two built sides, whose databases are attached as base_prep, head_prod and so on.

    Relations that a side's failed build left out are not compared.

    Raises:
        UsageError: a model is a view. Up to DuckDB 1.5 a view of an attached file silently reads tables of the same
            name in another one.
    """
    base_nodes, head_nodes = _built(connection, "base", base.manifest), _built(connection, "head", head.manifest)
    tolerance = Tolerance(settings.absolute, settings.relative)
    renamed = _renamed(connection, base_nodes, head_nodes, tolerance)
    tests = [node for node in head.manifest["nodes"].values() if node["resource_type"] == "test"]

    changes: dict[str, ModelChange] = {}
    for name in _in_order(head.manifest, head_nodes):
        node = head_nodes[name]
        before = base_nodes.get(name) or base_nodes.get(renamed.get(name, ""))
        if before is None:
            changes[name] = _alone(connection, "head", node, head)
            continue
        columns, origin = key_of(node, tests, settings.keys.get(name))
        compared = compare_relations(
            connection, _relation("base", before), _relation("head", node), columns, origin, tolerance
        )
        change = ModelChange(
            name=name,
            path=node["original_file_path"],
            layer=f"{node['database']}.{node['schema']}",
            kind="renamed" if name in renamed else "same",
            base_name=renamed.get(name),
            code_diff=_diff(_text(base, before), _text(head, node), before, node),
            key=compared.key,
            base_row_count=compared.base_row_count,
            head_row_count=compared.head_row_count,
            removed_row_count=compared.removed_row_count,
            added_row_count=compared.added_row_count,
            changed_row_count=compared.changed_row_count,
            columns=compared.columns,
            examples=compared.examples,
        )
        if change.kind == "same" and change.has_moved:
            change = replace(change, kind="changed")
        changes[name] = replace(change, why=_why(change, before, node, changes))
    gone = base_nodes.keys() - head_nodes.keys() - set(renamed.values())
    removed = [_alone(connection, "base", base_nodes[name], base) for name in sorted(gone)]
    return (*changes.values(), *removed)


def _built(connection: duckdb.DuckDBPyConnection, side: str, manifest: dict[str, Any]) -> dict[str, Node]:
    """Return the models and seeds by name of which the side has a table."""
    relations = connection.execute(
        "SELECT table_catalog || '.' || table_schema || '.' || table_name, table_type FROM information_schema.tables"
    ).fetchall()
    types = dict(relations)
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    for node in nodes:
        if types.get(_relation(side, node)) == "VIEW":
            path = node["original_file_path"]
            raise UsageError(f"{path}: a view on {side}, which would read the other side's tables: make it a table")
    return {node["name"]: node for node in nodes if _relation(side, node) in types}


def _relation(side: str, node: Node) -> str:
    return f"{side}_{node['database']}.{node['schema']}.{node['name']}"


def _in_order(manifest: dict[str, Any], nodes: dict[str, Node]) -> list[str]:
    """Return the names with everything that a model reads before it."""
    order: list[str] = []

    def visit(unique_id: str) -> None:
        node = manifest["nodes"].get(unique_id)
        if node is None or node["name"] in order:
            return
        for parent in node["depends_on"].get("nodes", []):
            visit(parent)
        if node["name"] in nodes:
            order.append(node["name"])

    for unique_id in sorted(manifest["nodes"]):
        if manifest["nodes"][unique_id]["resource_type"] in ("model", "seed"):
            visit(unique_id)
    return order


def _renamed(
    connection: duckdb.DuckDBPyConnection, base: dict[str, Node], head: dict[str, Node], tolerance: Tolerance
) -> dict[str, str]:
    """Return new name → old name of models that came and went in one schema with the same contents."""
    pairs: dict[str, str] = {}
    for new in sorted(head.keys() - base.keys()):
        for old in sorted(base.keys() - head.keys() - set(pairs.values())):
            if head[new]["schema"] == base[old]["schema"] and same_contents(
                connection, _relation("base", base[old]), _relation("head", head[new]), tolerance
            ):
                pairs[new] = old
                break
    return pairs


def _alone(connection: duckdb.DuckDBPyConnection, side: str, node: Node, built: Side) -> ModelChange:
    """Return the change of a model that only one side has."""
    count = row_count(connection, _relation(side, node))
    is_added, text = side == "head", _text(built, node)
    return ModelChange(
        name=node["name"],
        path=node["original_file_path"],
        layer=f"{node['database']}.{node['schema']}",
        kind="added" if is_added else "removed",
        why=("code",),
        key=Key((), "not compared"),
        base_row_count=0 if is_added else count,
        head_row_count=count if is_added else 0,
        code_diff=_diff("" if is_added else text, text if is_added else "", node, node),
    )


def _why(change: ModelChange, before: Node, node: Node, earlier: dict[str, ModelChange]) -> tuple[str, ...]:
    why = []
    if change.code_diff:
        why.append("code")
    elif (before.get("compiled_code") or "").strip() != (node.get("compiled_code") or "").strip():
        why.append("configuration")  # a var or a macro
    if change.has_moved:
        parents = [earlier.get(parent.split(".")[-1]) for parent in node["depends_on"].get("nodes", [])]
        if any(parent is not None and parent.has_moved for parent in parents):
            why.append("upstream")
        if not why:
            why.append("configuration")
    return tuple(why)


def _text(side: Side, node: Node) -> str:
    file: Path = side.project_dir / node["original_file_path"]
    return file.read_text(encoding="utf-8", errors="replace")


def _diff(before: str, after: str, base_node: Node, head_node: Node) -> str:
    paths = base_node["original_file_path"], head_node["original_file_path"]
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), *paths, lineterm=""))
