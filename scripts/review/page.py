"""A review as one HTML page that asks nobody for anything: no script, font or picture from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.review import wording
from scripts.review.findings import LineageModel, Review

_STATES = {
    "moved": "moved, as predicted",
    "unpredicted": "moved, not predicted",
    "predicted": "predicted, not moved",
    "unmoved": "not moved",
}
_DIFF_LINES = 1_000  # of a model's code; a seed's diff has no end otherwise
_DRAWN = 120  # from so many nodes on, those that nothing reaches are left out
_CHARACTER, _HEIGHT, _ROW, _LANE, _GAP, _MARGIN = 7.25, 42, 56, 14, 44, 12
_LABEL = 34  # characters


@dataclass(frozen=True)
class Node:
    """A box of the drawing."""

    name: str
    label: str
    note: str
    state: str
    target: str
    """The section that tells more, as a fragment; empty if there is none."""
    x: float
    y: float
    width: float
    outline: str
    """The box as an SVG path: each state has a shape of its own."""


@dataclass(frozen=True)
class Edge:
    """What is read by what, as an SVG path."""

    path: str
    is_moved: bool


@dataclass(frozen=True)
class Drawing:
    """The lineage, laid out from left to right."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    left_out_count: int


def html(review: Review) -> str:
    """Return the review as one self-contained page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"sha256": _sha256, "diff_lines": diff_lines, "clean": wording.clean}
    ids = section_ids(review)
    return environment.get_template("page.html.j2").render(
        review=review,
        wording=wording,
        ids=ids,
        states=_STATES,
        drawing=draw(review, ids) if review.lineage else None,
        legend=[(words, _outline(state, 0, 0, 30, 18)) for state, words in _STATES.items()],
        states_in_order=list(_STATES),
        diff_limit=_DIFF_LINES,
    )


def section_ids(review: Review) -> dict[str, str]:
    """Return the id of each model's section, by its name; ids know no blanks."""
    return {model.name: "model-" + "-".join(wording.clean(model.name).split()) for model in review.models}


def diff_lines(code_diff: str) -> list[tuple[str, str]]:
    """Return the lines of a unified diff, each with what it is; the two lines of file names are left out."""
    told = []
    for at, line in enumerate(wording.clean_lines(code_diff.removesuffix("\n"))):
        if at < 2 and line.startswith(("--- ", "+++ ")):
            continue
        told.append(({"+": "added", "-": "removed", "@": "hunk"}.get(line[:1], "same"), line))
    return told


def _sha256(text: Any) -> str:
    """What a content security policy knows an inline script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()


# --- The drawing -------------------------------------------------------------------------------------------------


def draw(review: Review, ids: dict[str, str]) -> Drawing:
    """Lay the lineage out: layers by the longest path, few crossings, edges around the boxes they pass."""
    unpredicted = set(wording.unpredicted(review))
    shown = _shown(review)
    reads = _edges(shown)
    layers = layers_of(reads)
    chains = _chains(reads, layers)
    places = _places(chains, layers)
    widths: dict[int, float] = defaultdict(float)
    for at, model in enumerate(shown):
        state = _STATES[_state(model, unpredicted)]
        longest = max(len(_label(model)), len(_note(model)), len(state) + 2)
        widths[layers[at]] = max(widths[layers[at]], longest * _CHARACTER + 26)
    lefts, left = {}, float(_MARGIN)
    for layer in range(max(layers.values(), default=-1) + 1):
        lefts[layer] = left
        left += widths[layer] + _GAP
    nodes = tuple(
        _node(model, _state(model, unpredicted), ids, lefts[layers[at]], places[at], widths[layers[at]])
        for at, model in enumerate(shown)
    )
    pieces: dict[tuple[int, int], bool] = {}
    for chain in chains:
        is_moved = shown[chain[0]].has_moved and shown[chain[-1]].has_moved
        for piece in pairwise(chain):
            pieces[piece] = pieces.get(piece, False) or is_moved
    # What moved is drawn last, above the rest.
    edges = tuple(
        Edge(_path(*piece, lefts, widths, places, layers), is_moved)
        for piece, is_moved in sorted(pieces.items(), key=lambda item: item[1])
    )
    bottoms = (top + (_HEIGHT if node >= 0 else _LANE) for node, top in places.items())
    height = max(bottoms, default=0) + _MARGIN
    return Drawing(nodes, edges, left - _GAP + _MARGIN, height, len(review.lineage) - len(shown))


def layers_of(reads: dict[int, list[int]]) -> dict[int, int]:
    """Return each node's layer: one more than the highest of what it reads. A cycle is cut, not followed."""
    layers: dict[int, int] = {}
    for start in reads:
        stack, path = [(start, iter(reads[start]))], {start}
        while stack and start not in layers:
            node, parents = stack[-1]
            parent = next((at for at in parents if at not in layers and at not in path), None)
            if parent is None:
                layers[node] = 1 + max((layers[at] for at in reads[node] if at in layers), default=-1)
                path.discard(node)
                stack.pop()
            else:
                stack.append((parent, iter(reads[parent])))
                path.add(parent)
    return layers


def _shown(review: Review) -> list[LineageModel]:
    """All nodes; of very many only those that moved or could have, and what they read."""
    if len(review.lineage) <= _DRAWN:
        return list(review.lineage)
    reached = [model for model in review.lineage if model.has_moved or model.is_predicted]
    wanted = {model.name for model in reached}.union(*(model.reads for model in reached))
    return [model for model in review.lineage if model.name in wanted]


def _edges(shown: list[LineageModel]) -> dict[int, list[int]]:
    """Return node → what it reads, by place in the list. A source may have the name of the model that reads it."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for at, model in enumerate(shown):
        by_name[model.name].append(at)
    reads = {}
    for at, model in enumerate(shown):
        named = [[other for other in by_name[name] if other != at] for name in dict.fromkeys(model.reads)]
        # Of two of the same name, the one that reads something is the model.
        reads[at] = [max(found, key=lambda other: bool(shown[other].reads)) for found in named if found]
    return reads


def _chains(reads: dict[int, list[int]], layers: dict[int, int]) -> list[list[int]]:
    """Return each edge as a chain with one node per layer: between its ends stand nodes that are not drawn.

    The edges that leave a node share them, so that they run as one line until they part.
    """
    chains, lanes = [], dict[tuple[int, int], int]()
    for node, parents in reads.items():
        for parent in parents:
            between = []
            for layer in range(layers[parent] + 1, layers[node]):
                lane = lanes.setdefault((parent, layer), -1 - len(lanes))
                layers[lane] = layer
                between.append(lane)
            if layers[parent] < layers[node]:  # else a cycle that was cut
                chains.append([parent, *between, node])
    return chains


def _places(chains: list[list[int]], layers: dict[int, int]) -> dict[int, float]:
    """Return each node's top: layers are ordered by the middle of their neighbours, then moved towards it."""
    ranks: dict[int, list[int]] = defaultdict(list)
    for node, layer in layers.items():
        ranks[layer].append(node)
    before: dict[int, set[int]] = defaultdict(set)
    after: dict[int, set[int]] = defaultdict(set)
    for chain in chains:
        for left, right in pairwise(chain):
            before[right].add(left)
            after[left].add(right)
    at = {node: float(order) for nodes in ranks.values() for order, node in enumerate(nodes)}
    for sweep in range(12):
        neighbours = after if sweep % 2 else before
        for layer in sorted(ranks, reverse=bool(sweep % 2)):
            middle = {node: _mean([at[other] for other in neighbours[node]], at[node]) for node in ranks[layer]}
            ranks[layer].sort(key=middle.__getitem__)
            at |= {node: float(order) for order, node in enumerate(ranks[layer])}
    middles = {node: _ROW * order for node, order in at.items()}
    for sweep in range(9):
        neighbours = after if sweep % 2 else before
        for layer in sorted(ranks, reverse=bool(sweep % 2)):
            wanted = [_mean([middles[other] for other in neighbours[node]], middles[node]) for node in ranks[layer]]
            middles |= dict(zip(ranks[layer], _apart(ranks[layer], wanted), strict=True))
    tops = {node: middle - (_HEIGHT if node >= 0 else _LANE) / 2 for node, middle in middles.items()}
    highest = min(tops.values(), default=0)
    return {node: top - highest + _MARGIN for node, top in tops.items()}


def _apart(nodes: list[int], wanted: list[float]) -> list[float]:
    """Return the middles nearest to the wanted ones at which the nodes of a layer, in this order, do not touch."""
    offsets, offset = [], 0.0
    for node in nodes:
        half = (_ROW if node >= 0 else _LANE) / 2
        offsets.append(offset + half)
        offset += 2 * half
    # Nodes that would touch form a block, which stands where its nodes want to be on average.
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, size = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            total, size = total + blocks[-1][0], size + blocks[-1][1]
            blocks.pop()
        blocks.append((total, size))
    starts = [total / size for total, size in blocks for _ in range(size)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]


def _mean(numbers: list[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _path(
    start: int,
    end: int,
    lefts: dict[int, float],
    widths: dict[int, float],
    places: dict[int, float],
    layers: dict[int, int],
) -> str:
    """A curve from one layer to the next, and a straight line past the boxes there if the edge goes on."""
    y, below = (places[node] + (_HEIGHT if node >= 0 else _LANE) / 2 for node in (start, end))
    x, left = lefts[layers[start]] + widths[layers[start]], lefts[layers[end]]
    middle = (x + left) / 2
    curve = f"M{x:.0f} {y:.1f}C{middle:.0f} {y:.1f} {middle:.0f} {below:.1f} {left:.0f} {below:.1f}"
    return curve if end >= 0 else f"{curve}H{left + widths[layers[end]]:.0f}"


def _node(model: LineageModel, state: str, ids: dict[str, str], x: float, y: float, width: float) -> Node:
    section = ids.get(model.name, "")
    target = f"#{quote(section)}" if section and model.has_moved else ""
    outline = _outline(state, x, y, width, _HEIGHT)
    return Node(model.name, _label(model), _note(model), state, target, x, y, width, outline)


def _state(model: LineageModel, unpredicted: set[str]) -> str:
    if model.has_moved:
        return "unpredicted" if model.name in unpredicted else "moved"
    return "predicted" if model.is_predicted else "unmoved"


def _label(model: LineageModel) -> str:
    return wording.shorten(wording.clean(model.name), _LABEL)


def _note(model: LineageModel) -> str:
    return wording.shorten(wording.clean(model.layer), _LABEL)


def _outline(state: str, x: float, y: float, width: float, height: float) -> str:
    """A box: round where it moved, pointed where nobody predicted that, square where it stayed."""
    right, bottom, cut = x + width, y + height, height / 2
    if state == "unpredicted":
        inner = min(10.0, cut)
        return (
            f"M{x:.1f} {y + cut:.1f}L{x + inner:.1f} {y:.1f}H{right - inner:.1f}L{right:.1f} {y + cut:.1f}"
            f"L{right - inner:.1f} {bottom:.1f}H{x + inner:.1f}Z"
        )
    radius = {"moved": cut, "predicted": 6.0, "unmoved": 0.0}[state]
    radius = min(radius, cut)
    arc = f"a{radius:.1f} {radius:.1f} 0 0 1"
    return (
        f"M{x + radius:.1f} {y:.1f}H{right - radius:.1f}{arc} {radius:.1f} {radius:.1f}V{bottom - radius:.1f}"
        f"{arc} {-radius:.1f} {radius:.1f}H{x + radius:.1f}{arc} {-radius:.1f} {-radius:.1f}V{y + radius:.1f}"
        f"{arc} {radius:.1f} {-radius:.1f}Z"
    )
