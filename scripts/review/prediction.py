"""Hold what moved against what column lineage says the change can reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb

from scripts.review.findings import LineageModel, ModelChange
from scripts.review.lineage import changed_outputs, read_lineage
from scripts.review.sides import Side

_KINDS = ("model", "seed", "source", "exposure")


def predicted(
    connection: duckdb.DuckDBPyConnection, models: tuple[ModelChange, ...], base: Side, head: Side
) -> tuple[tuple[ModelChange, ...], tuple[LineageModel, ...]]:
    """Return the models, each with whether the change can reach it, and everything that the drawing shows."""
    columns = _columns(connection, head.manifest)
    touched = _touched(models, base.manifest, head.manifest, columns)
    reached = touched.keys() | read_lineage(head.manifest, columns).reached(touched).keys()
    told = tuple(
        replace(model, is_predicted=model.name in reached or model.kind in ("added", "removed")) for model in models
    )
    return told, _drawing(head.manifest, told, reached)


def _columns(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> dict[str, list[str]]:
    """Return every relation's columns by three-part name, the sources' as they are declared."""
    columns: dict[str, list[str]] = {}
    sql = (
        "SELECT database_name || '.' || schema_name || '.' || table_name, column_name FROM duckdb_columns()"
        " WHERE database_name LIKE 'head_%' ORDER BY table_oid, column_index"
    )
    for relation, column in connection.execute(sql).fetchall():
        columns.setdefault(relation.removeprefix("head_").lower(), []).append(column.lower())
    for source in manifest["sources"].values():
        name = f"{source['database']}.{source['schema']}.{source['identifier']}".lower()
        columns[name] = [column.lower() for column in source["columns"]]
    return columns


def _touched(
    models: tuple[ModelChange, ...], base: dict[str, Any], head: dict[str, Any], columns: dict[str, list[str]]
) -> dict[str, set[str] | None]:
    """Return the models whose own code changed, with the columns that the change touches (None: all of them)."""
    touched: dict[str, set[str] | None] = {}
    before = {node["name"]: node for node in base["nodes"].values()}
    after = {node["name"]: node for node in head["nodes"].values()}
    for model in models:
        node, old = after.get(model.name), before.get(model.base_name or model.name)
        if node is None:
            continue
        if old is None or model.kind in ("added", "renamed"):
            touched[model.name] = None
        elif node["resource_type"] == "seed":
            if model.added_row_count or model.removed_row_count:
                touched[model.name] = None
            elif model.has_moved:
                touched[model.name] = {column.name for column in model.columns}
        elif (old.get("compiled_code") or "") != (node.get("compiled_code") or ""):
            outputs = changed_outputs(old["compiled_code"] or "", node["compiled_code"] or "", columns)
            if outputs is None or outputs:
                touched[model.name] = outputs
    return touched


def _drawing(manifest: dict[str, Any], models: tuple[ModelChange, ...], reached: set[str]) -> tuple[LineageModel, ...]:
    moved = {model.name for model in models if model.has_moved}

    def name(unique_id: str) -> str:
        kind, _, *parts = unique_id.split(".")
        return ".".join(parts) if kind == "source" else parts[-1]  # a source may be named as its base model

    def drawn(node: dict[str, Any]) -> LineageModel:
        own_name, is_exposure = name(node["unique_id"]), node["resource_type"] == "exposure"
        reads = tuple(name(parent) for parent in (node.get("depends_on") or {}).get("nodes", []))
        return LineageModel(
            name=own_name,
            layer="exposure" if is_exposure else f"{node['database']}.{node['schema']}",
            reads=reads,
            # an exposure has no rows of its own: it shows what it reads
            has_moved=not moved.isdisjoint(reads) if is_exposure else own_name in moved,
            is_predicted=own_name in reached,
        )

    nodes = [*manifest["sources"].values(), *manifest["nodes"].values(), *manifest["exposures"].values()]
    return tuple(drawn(node) for node in nodes if node["resource_type"] in _KINDS)
