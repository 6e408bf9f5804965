"""Who reads whom, from the sources to the readers, as dbt's manifest knows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

LAYERS = ("source", "seed", "base", "intermediate", "prod", "reader")


@dataclass(frozen=True)
class Node:
    """A source, seed, model or exposure."""

    key: str
    """Dbt's unique id."""
    name: str
    """As people call it: a source with its schema, as its model may have the same name."""
    layer: str
    """One of LAYERS; a model's is its folder."""
    reads: tuple[str, ...]
    """The keys of the nodes that it reads."""


def lineage(manifest: dict[str, Any]) -> list[Node]:
    """Return the project's nodes, layer by layer and by name."""
    own = manifest["metadata"]["project_name"]
    found = {
        key: entry
        for part in ("sources", "nodes", "exposures")
        for key, entry in manifest[part].items()
        if entry["resource_type"] in ("source", "seed", "model", "exposure") and entry["package_name"] == own
    }
    nodes = [
        Node(
            key,
            f"{entry['source_name']}.{entry['name']}" if entry["resource_type"] == "source" else entry["name"],
            _layer(entry),
            tuple(sorted(read for read in entry.get("depends_on", {}).get("nodes", []) if read in found)),
        )
        for key, entry in found.items()
    ]
    return sorted(nodes, key=lambda node: (LAYERS.index(node.layer), node.name))


def without_detours(nodes: list[Node]) -> list[Node]:
    """Return the nodes without what they read also by way of something else they read."""
    by_key = {node.key: node for node in nodes}
    below: dict[str, set[str]] = {}

    def all_below(key: str) -> set[str]:
        if key not in below:
            reads = by_key[key].reads
            below[key] = {*reads}.union(*map(all_below, reads))
        return below[key]

    return [
        replace(
            node,
            reads=tuple(read for read in node.reads if not any(read in all_below(other) for other in node.reads)),
        )
        for node in nodes
    ]


def _layer(entry: dict[str, Any]) -> str:
    kind: str = entry["resource_type"]
    names: dict[str, str] = {"model": entry["fqn"][1], "exposure": "reader"}
    return names.get(kind, kind)
