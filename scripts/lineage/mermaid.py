"""The lineage as a Mermaid flowchart, narrow enough to be read in a README's column."""

from __future__ import annotations

from scripts.lineage.graph import LAYERS, Node, without_detours

# From above, with short lines in the boxes: from left to right, or with a frame around each layer, it becomes three
# times as wide, and a page shrinks it until nobody can read it.
_SETTINGS = '%%{init: {"flowchart": {"nodeSpacing": 12, "rankSpacing": 26, "padding": 8}}}%%'
_CHARACTERS = 13
_SHAPES = {"source": ("[(", ")]"), "seed": ("[/", "/]"), "reader": ("([", "])")}
_COLOURS = {"source": "#57606a", "seed": "#57606a", "base": "#1a7f37", "prod": "#0b5cad", "reader": "#8250df"}


def mermaid(nodes: list[Node]) -> str:
    """Return the flowchart, one line a node; an arrow that a longer way says already is left out."""
    nodes = without_detours(nodes)
    lines = [_SETTINGS, "flowchart TD"]
    for node in nodes:
        readers = [_id(other) for other in nodes if node.key in other.reads]
        lines.append(f"    {_box(node)}" + (f" --> {' & '.join(readers)}" if readers else ""))
    lines += [f"    classDef {layer} fill:{_COLOURS[layer]},color:#fff" for layer in LAYERS if layer in _COLOURS]
    return "\n".join(lines) + "\n"


def _id(node: Node) -> str:
    """Return a name that no other node has: a source's and an exposure's begin with what they are."""
    name = node.name.replace(".", "_")
    return name if node.key.startswith("model.") else f"{node.layer}_{name}"


def _box(node: Node) -> str:
    start, end = _SHAPES.get(node.layer, ("[", "]"))
    colour = f":::{node.layer}" if node.layer in _COLOURS else ""
    return f'{_id(node)}{start}"{"<br>".join(_lines(node.name))}"{end}{colour}'


def _lines(name: str) -> list[str]:
    """Break a name after underscores and dots, where it gets too long."""
    lines = [""]
    for part in name.replace("_", "_ ").replace(".", ". ").split():
        if lines[-1] and len(lines[-1] + part) > _CHARACTERS:
            lines.append("")
        lines[-1] += part
    return lines
