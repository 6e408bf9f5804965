"""The lineage as an SVG image, with every arrow: from left to right, for light and dark screens."""

from __future__ import annotations

from pathlib import Path

from scripts.drawing import HEIGHT, lay_out
from scripts.lineage.graph import LAYERS, Node
from scripts.pages import templates


def svg(nodes: list[Node]) -> str:
    """Return the image; the same nodes give the same bytes."""
    at = {node.key: order for order, node in enumerate(nodes)}
    reads = {at[node.key]: [at[read] for read in node.reads] for node in nodes}
    layout = lay_out(reads, [max(len(node.name), len(node.layer)) for node in nodes])
    names = {node.key: node.name for node in nodes}
    environment = templates(Path(__file__).parent)
    environment.keep_trailing_newline = True
    return environment.get_template("lineage.svg.j2").render(
        boxes=list(zip(nodes, layout.boxes, strict=True)),
        lines=layout.lines,
        width=round(layout.width),
        height=round(layout.height),
        box_height=HEIGHT,
        names=names,
        counts=[(layer, sum(node.layer == layer for node in nodes)) for layer in LAYERS],
    )
