"""Lay a graph out from left to right: layers by the longest path, few crossings, edges around the boxes they pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

HEIGHT = 42  # of every box: two lines of text
_CHARACTER, _ROW, _LANE, _GAP, _MARGIN = 7.25, 56, 14, 44, 12


@dataclass(frozen=True)
class Box:
    """Where a node stands: its upper left corner, and how wide it is."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Line:
    """A piece of the drawing from one layer to the next, as an SVG path."""

    path: str
    edges: tuple[tuple[int, int], ...]
    """What runs along it: (what is read, its reader)."""


@dataclass(frozen=True)
class Layout:
    """Everything's place, in pixels."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


def lay_out(reads: dict[int, list[int]], longest_texts: Sequence[int]) -> Layout:
    """Return the layout of the nodes 0, 1, 2 …: what each of them reads, and how many characters must fit into it."""
    layers = layers_of(reads)
    chains = _chains(reads, layers)
    places = _places(chains, layers)
    widths: dict[int, float] = defaultdict(float)
    for node, characters in enumerate(longest_texts):
        widths[layers[node]] = max(widths[layers[node]], characters * _CHARACTER + 26)
    lefts, left = {}, float(_MARGIN)
    for layer in range(max(layers.values(), default=-1) + 1):
        lefts[layer] = left
        left += widths[layer] + _GAP
    pieces: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for chain in chains:
        for piece in pairwise(chain):
            pieces[piece].append((chain[0], chain[-1]))
    bottoms = (top + (HEIGHT if node >= 0 else _LANE) for node, top in places.items())
    return Layout(
        boxes=tuple(Box(lefts[layers[node]], places[node], widths[layers[node]]) for node in reads),
        lines=tuple(
            Line(_path(*piece, lefts, widths, places, layers), tuple(edges)) for piece, edges in pieces.items()
        ),
        width=left - _GAP + _MARGIN,
        height=max(bottoms, default=0) + _MARGIN,
    )


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
    tops = {node: middle - (HEIGHT if node >= 0 else _LANE) / 2 for node, middle in middles.items()}
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
    y, below = (places[node] + (HEIGHT if node >= 0 else _LANE) / 2 for node in (start, end))
    x, left = lefts[layers[start]] + widths[layers[start]], lefts[layers[end]]
    middle = (x + left) / 2
    curve = f"M{x:.0f} {y:.1f}C{middle:.0f} {y:.1f} {middle:.0f} {below:.1f} {left:.0f} {below:.1f}"
    return curve if end >= 0 else f"{curve}H{left + widths[layers[end]]:.0f}"
