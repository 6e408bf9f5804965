"""The layout of a graph: layers, boxes that do not touch, and lines that lead from what is read to its reader."""

import itertools
import random
import re

import pytest

from scripts.drawing import HEIGHT, Layout, lay_out, layers_of

ENDS = re.compile(r"M(\S+) (\S+)C\S+ \S+ \S+ \S+ (\S+) (\S+?)(?:H(\S+))?$")


def random_reads(seed: int) -> dict[int, list[int]]:
    chance = random.Random(seed)
    return {node: sorted(chance.sample(range(node), min(node, chance.randrange(4)))) for node in range(30)}


def piece(path: str) -> tuple[tuple[float, float], tuple[float, float]]:
    x, y, left, below, on = ENDS.match(path).groups()
    return (float(x), float(y)), (float(on or left), float(below))


def test_layers_are_longest_paths_and_cycles_end() -> None:
    assert layers_of({0: [], 1: [0], 2: [0, 1], 3: [0]}) == {0: 0, 1: 1, 2: 2, 3: 1}
    assert set(layers_of({0: [2], 1: [0], 2: [1], 3: [3]})) == {0, 1, 2, 3}
    assert layers_of({at: [at - 1] if at else [] for at in range(5_000)})[4_999] == 4_999


@pytest.mark.parametrize("seed", range(5))
def test_boxes_do_not_touch_and_stay_inside(seed: int) -> None:
    reads = random_reads(seed)
    layout = lay_out(reads, [len(str(node)) * 5 for node in reads])
    for one, other in itertools.combinations(layout.boxes, 2):
        beside = one.x + one.width < other.x or other.x + other.width < one.x
        assert beside or abs(one.y - other.y) > HEIGHT
    for box in layout.boxes:
        assert box.x > 0
        assert box.x + box.width < layout.width
        assert box.y > 0
        assert box.y + HEIGHT < layout.height


@pytest.mark.parametrize("seed", range(5))
def test_lines_lead_from_what_is_read_to_its_reader_around_the_boxes(seed: int) -> None:
    reads = random_reads(seed)
    layers = layers_of(reads)
    layout = lay_out(reads, [10] * len(reads))
    for reader, parents in reads.items():
        for read in parents:
            pieces = sorted(piece(line.path) for line in layout.lines if (read, reader) in line.edges)
            assert len(pieces) == layers[reader] - layers[read], "one from each layer to the next"
            start, end = layout.boxes[read], layout.boxes[reader]
            assert pieces[0][0] == (round(start.x + start.width), round(start.y + HEIGHT / 2, 1))
            assert pieces[-1][1] == (round(end.x), round(end.y + HEIGHT / 2, 1))
            assert all(before[1] == after[0] for before, after in itertools.pairwise(pieces)), "no gap"
    drawn = {edge for line in layout.lines for edge in line.edges}
    assert drawn == {(read, reader) for reader, parents in reads.items() for read in parents}
    assert not any(crossed(layout))


def crossed(layout: Layout) -> list[tuple[str, object]]:
    """Return the straight pieces, past a layer, that run through one of its boxes."""
    straight = [(line.path, *piece(line.path)) for line in layout.lines if "H" in line.path]
    return [
        (path, box)
        for path, _, (right, y) in straight
        for box in layout.boxes
        if box.x < right <= box.x + box.width + 1 and box.y <= y <= box.y + HEIGHT
    ]


def test_nothing_is_drawn_of_nothing() -> None:
    assert lay_out({}, []).boxes == ()
