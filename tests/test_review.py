"""`make review` on real changes: each patch under review_patches gets the verdict, exit code and gates it must."""

import hashlib
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.review_repository import PATCHES, git, make_repository, run_review
from tests.worlds import PROJECT_DIR

EXPECTED = yaml.safe_load((PATCHES / "expected.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Unchanged:
    """A review of an unchanged tree, and all that it left behind."""

    project_dir: Path
    stdout: str
    processes: list[str]
    """What its processes noted: that they started, and each attempt to use the network."""
    written: list[str]
    """Files outside .review/ that are new, gone or other than before."""


@pytest.fixture(scope="session")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Unchanged:
    """Review the project as it stands, with nobody's home, no network and an eye on every file."""
    folder = tmp_path_factory.mktemp("review")
    for name in ("home", "tmp", "project"):
        (folder / name).mkdir()
    project_dir, log = make_repository(folder / "project"), folder / "network.log"
    before = contents(folder)
    outcome = run_review(
        project_dir,
        HOME=str(folder / "home"),
        TMPDIR=str(folder / "tmp"),
        PYTHONPATH=str(PROJECT_DIR / "tests" / "no_network"),
        PYTHONDONTWRITEBYTECODE="1",
        NO_NETWORK_LOG=str(log),
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    processes = log.read_text(encoding="utf-8").splitlines()
    log.unlink()
    after = contents(folder)
    written = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Unchanged(project_dir, outcome.stdout, processes, written)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the hash of every file outside .review/, by its place."""
    return {
        place: hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file() and not (place := path.relative_to(folder).as_posix()).startswith("project/.review/")
    }


@pytest.fixture(scope="session")
def reviewed(
    request: pytest.FixtureRequest, unchanged: Unchanged, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Return the review of every patch, two at a time, each in a copy of the repository with its built base."""

    def review(patch: Path) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(patch.stem) / "project"
        shutil.copytree(unchanged.project_dir, folder, symlinks=True)
        git(folder, "apply", str(patch))
        outcome = run_review(folder)
        found = json.loads((folder / ".review" / "review.json").read_text(encoding="utf-8"))
        return {**found, "returncode": outcome.returncode, "last_line": outcome.stdout.splitlines()[-1]}

    is_wanted = request.config.getoption("--all-patches")
    patches = [PATCHES / f"{name}.patch" for name in EXPECTED if is_wanted or EXPECTED[name].get("is_quick")]
    with ThreadPoolExecutor(2) as executor:
        return dict(zip((patch.stem for patch in patches), executor.map(review, patches), strict=True))


def test_an_unchanged_tree_passes_without_a_difference(unchanged: Unchanged) -> None:
    found = json.loads((unchanged.project_dir / ".review" / "review.json").read_text(encoding="utf-8"))
    assert unchanged.stdout.splitlines()[-1] == "review: PASS (exit 0)"
    assert len(found["models"]) > 30
    assert [model["name"] for model in found["models"] if model["kind"] != "same" or model["columns"]] == []


def test_a_review_needs_no_network(unchanged: Unchanged) -> None:
    assert len(unchanged.processes) >= 3  # the review and its two sides
    assert set(unchanged.processes) == {"started"}


def test_a_review_writes_nothing_outside_its_folder(unchanged: Unchanged) -> None:
    assert unchanged.written == []


def test_every_patch_is_expected_to_do_something() -> None:
    assert sorted(EXPECTED) == sorted(patch.stem for patch in PATCHES.glob("*.patch"))
    assert len(EXPECTED) >= 15


def test_every_patch_applies(unchanged: Unchanged) -> None:
    for patch in PATCHES.glob("*.patch"):
        command = ["git", "apply", "--check", str(patch)]
        outcome = subprocess.run(command, cwd=unchanged.project_dir, capture_output=True, text=True)
        assert outcome.returncode == 0, f"{patch}: make the change again, and `git diff > {patch}`\n{outcome.stderr}"


def test_each_change_gets_the_verdict_and_the_gates_it_must(reviewed: dict[str, dict[str, Any]]) -> None:
    assert len(reviewed) >= 3
    assert {name: wrong for name, found in reviewed.items() if (wrong := deviations(found, EXPECTED[name]))} == {}


def deviations(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return in what a review differs from what it must say."""
    broken = {gate["name"]: gate["status"] for gate in found["gates"] if gate["status"] != "passed"}
    moved = {model["name"] for model in found["models"] if model["kind"] != "same"}
    must_move = set(expected.get("moved", []))
    checks = {
        f"last line is {found['last_line']}": found["last_line"]
        == f"review: {expected['verdict']} (exit {expected['exit']})",
        f"exit code is {found['returncode']}": found["returncode"] == expected["exit"],
        f"gates are {broken}": broken == expected.get("gates", {}),
        f"moved are {sorted(moved)}": moved >= must_move and (must_move or expected["exit"] or not moved),
        f"the problem is {found['problem']}": expected.get("says", "") in found["problem"],
    }
    return [words for words, is_right in checks.items() if not is_right]
