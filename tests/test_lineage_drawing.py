"""The lineage in README.md and docs/lineage.svg is that of the models, and says when it is not any more."""

import json
import random
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from scripts.lineage.graph import LAYERS, Node, lineage, without_detours
from scripts.lineage.mermaid import mermaid
from scripts.lineage.svg import svg
from tests.worlds import PROJECT_DIR, World, copy_project

MODELS = sorted((PROJECT_DIR / "models").glob("*/*.sql"))
BOX = re.compile(r'^ {4}(\w+)(\[\(|\[/|\(\[|\[)"([^"]+)"(?:\)\]|/\]|\]\)|\])(?::::(\w+))?(?: --> (.+))?$')
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def manifest(committed: World) -> dict[str, Any]:
    return json.loads((committed.warehouse_dir.parent / "target" / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def nodes(manifest: dict[str, Any]) -> list[Node]:
    return lineage(manifest)


def reads_by_name(nodes: list[Node]) -> dict[tuple[str, str], set[str]]:
    names = {node.key: node.name for node in nodes}
    return {(node.layer, node.name): {names[read] for read in node.reads} for node in nodes}


def all_below(reads: dict[str, tuple[str, ...]], key: str) -> set[str]:
    return {*reads[key]}.union(*(all_below(reads, read) for read in reads[key]))


def drawn(text: str) -> dict[str, tuple[str, str, list[str]]]:
    """Return each box of a flowchart: id → label, class, ids of the readers."""
    found = [BOX.match(line).groups() for line in text.splitlines()[2:] if not line.startswith("    classDef ")]
    boxes = {
        box: (label.replace("<br>", ""), style or "", readers.split(" & ") if readers else [])
        for box, _, label, style, readers in found
    }
    assert len(boxes) == len(found), "no two boxes have one id"
    return boxes


def run(project_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.lineage", *arguments]
    return subprocess.run(command, cwd=project_dir, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project with its lineage, and with what dbt has parsed already."""
    assert run(PROJECT_DIR, "--check").stderr == ""
    folder = copy_project(tmp_path / "project")
    shutil.copy(PROJECT_DIR / "README.md", folder)
    (folder / "docs").mkdir()
    shutil.copy(PROJECT_DIR / "docs" / "lineage.svg", folder / "docs")
    shutil.copytree(PROJECT_DIR / "target" / "parsed", folder / "target" / "parsed")
    return folder


def test_the_graph_is_what_models_seeds_and_readers_say_themselves(nodes: list[Node]) -> None:
    reads = reads_by_name(nodes)
    for model in MODELS:
        text = model.read_text(encoding="utf-8")
        refs = set(re.findall(r"ref\('(\w+)'\)", text))
        sources = {".".join(found) for found in re.findall(r"source\('(\w+)', *'(\w+)'\)", text)}
        assert reads[model.parent.name, model.stem] == refs | sources, model
    exposures = (PROJECT_DIR / "models" / "prod" / "exposures.yml").read_text(encoding="utf-8")
    for block in re.split(r"^  - name: ", exposures, flags=re.MULTILINE)[1:]:
        assert reads["reader", block.split()[0]] == set(re.findall(r"ref\('(\w+)'\)", block))
    assert {node.name for node in nodes if node.layer == "seed"} == {
        path.stem for path in (PROJECT_DIR / "seeds").glob("*.csv")
    }
    assert [node.layer for node in nodes] == sorted((node.layer for node in nodes), key=LAYERS.index)
    assert sum(node.layer in ("base", "intermediate", "prod") for node in nodes) == len(MODELS)


def test_an_arrow_is_left_out_only_where_a_longer_way_says_the_same(nodes: list[Node]) -> None:
    whole = {node.key: node.reads for node in nodes}
    short = {node.key: node.reads for node in without_detours(nodes)}
    for key, reads in whole.items():
        assert all_below(short, key) == all_below(whole, key)
        assert set(short[key]) <= set(reads)
        for read in short[key]:
            assert not any(read in all_below(whole, other) for other in short[key])
    assert sum(map(len, short.values())) < sum(map(len, whole.values()))


def test_the_mermaid_graph_has_every_node_and_every_remaining_arrow(nodes: list[Node]) -> None:
    boxes = drawn(mermaid(nodes))
    labels = {box: label for box, (label, _, _) in boxes.items()}
    ids = dict(zip(boxes, nodes, strict=True))
    assert [labels[box] for box in boxes] == [node.name for node in nodes]
    assert all((style or "intermediate") == ids[box].layer for box, (_, style, _) in boxes.items())
    arrows = {(ids[box].key, ids[reader].key) for box, (_, _, readers) in boxes.items() for reader in readers}
    assert arrows == {(read, node.key) for node in without_detours(nodes) for read in node.reads}


def test_the_mermaid_graph_can_be_read(nodes: list[Node]) -> None:
    text = mermaid(nodes)
    lines = [line for label in re.findall(r'"([^"]+)"[)/\]]', text) for line in label.split("<br>")]
    assert max(map(len, lines)) <= 16, "wider boxes make a page shrink the graph"
    for colour in re.findall(r"fill:#(\w{6}),color:#fff", text):
        linear = [(value / 255 + 0.055) / 1.055 for value in bytes.fromhex(colour)]
        red, green, blue = (value**2.4 for value in linear)
        assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5, f"white on #{colour}"


def test_the_picture_has_every_node_and_says_what_it_is(nodes: list[Node]) -> None:
    picture = ET.fromstring(svg(nodes))
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "title desc"
    assert picture.find(f"{SVG}title").text
    boxes = [(group.get("class"), group.find(f"{SVG}text").text) for group in picture.iter(f"{SVG}g")]
    assert boxes == [(node.layer, node.name) for node in nodes]
    style = picture.find(f"{SVG}style").text
    assert "prefers-color-scheme:dark" in style
    assert not re.search(r"url\(|@import|https?:", style)
    told = picture.find(f"{SVG}desc").text
    for layer in LAYERS:
        assert f"{sum(node.layer == layer for node in nodes)} × {layer}" in told


def test_the_same_models_give_the_same_bytes(manifest: dict[str, Any], nodes: list[Node]) -> None:
    shuffled = {**manifest}
    for part in ("nodes", "sources", "exposures"):
        entries = list(manifest[part].items())
        random.Random(7).shuffle(entries)
        shuffled[part] = dict(entries)
    again = lineage(shuffled)
    assert again == nodes
    assert mermaid(again) == mermaid(nodes)
    assert svg(again) == svg(nodes)


@pytest.mark.parametrize("name", ["README.md", "docs/lineage.svg"])
def test_a_drawing_changed_by_hand_is_told_and_drawn_again(project: Path, name: str) -> None:
    right = (project / name).read_text(encoding="utf-8")
    (project / name).write_text(right.replace("unentered", "entered"), encoding="utf-8")
    outcome = run(project, "--check")
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr == f"{name}: not the lineage of the models any more: run `make lineage`\n"
    assert run(project).stdout == f"Written: {name}\n"
    assert (project / name).read_text(encoding="utf-8") == right
    assert run(project, "--check").returncode == 0


def test_a_model_that_reads_something_else_makes_both_stale(project: Path) -> None:
    model = project / "models" / "prod" / "funnel_step_conversion.sql"
    text = model.read_text(encoding="utf-8")
    model.write_text(f"{text}-- depends_on: {{{{ ref('unentered_people') }}}}\n", encoding="utf-8")
    outcome = run(project, "--check")
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("README.md and docs/lineage.svg: not the lineage of the models any more")
    assert run(project).returncode == 0
    assert "unentered_people" in svg_title(project, "funnel_step_conversion")


def svg_title(project: Path, name: str) -> str:
    groups = ET.parse(project / "docs" / "lineage.svg").getroot().iter(f"{SVG}g")
    return next(group.findtext(f"{SVG}title", "") for group in groups if group.findtext(f"{SVG}text") == name)


def test_a_readme_without_a_place_for_the_graph_is_told(project: Path) -> None:
    readme = project / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("<!-- end of", "<!-- End of"), encoding="utf-8")
    outcome = run(project, "--check")
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("README.md: the graph stands between")
    assert len(outcome.stderr.splitlines()) == 1


def test_a_project_that_dbt_cannot_read_is_told_in_one_line(project: Path) -> None:
    (project / "models" / "prod" / "exposures.yml").write_text("exposures: [\n", encoding="utf-8")
    outcome = run(project, "--check")
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("dbt cannot read the project: ")
    assert "exposures.yml" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert outcome.stdout == ""
