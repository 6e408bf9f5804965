"""A review as one HTML page that asks nobody for anything: no script, font or picture from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from urllib.parse import quote

from scripts.drawing import HEIGHT, Box, lay_out
from scripts.pages import templates
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
    environment = templates(Path(__file__).parent)
    environment.filters |= {"diff_lines": diff_lines, "clean": wording.clean}
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


# --- The drawing -------------------------------------------------------------------------------------------------


def draw(review: Review, ids: dict[str, str]) -> Drawing:
    """Lay the lineage out from left to right, each node with its state."""
    unpredicted = set(wording.unpredicted(review))
    shown = _shown(review)
    states = [_state(model, unpredicted) for model in shown]
    texts = [(_label(model), _note(model), f"⚠ {_STATES[state]}") for model, state in zip(shown, states, strict=True)]
    layout = lay_out(_edges(shown), [max(map(len, lines)) for lines in texts])
    nodes = tuple(map(_node, shown, states, repeat(ids), layout.boxes))
    # What moved is drawn last, above the rest.
    edges = sorted(
        (
            Edge(line.path, any(shown[read].has_moved and shown[reader].has_moved for read, reader in line.edges))
            for line in layout.lines
        ),
        key=attrgetter("is_moved"),
    )
    return Drawing(nodes, tuple(edges), layout.width, layout.height, len(review.lineage) - len(shown))


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


def _node(model: LineageModel, state: str, ids: dict[str, str], box: Box) -> Node:
    section = ids.get(model.name, "")
    target = f"#{quote(section)}" if section and model.has_moved else ""
    outline = _outline(state, box.x, box.y, box.width, HEIGHT)
    return Node(model.name, _label(model), _note(model), state, target, box.x, box.y, box.width, outline)


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
