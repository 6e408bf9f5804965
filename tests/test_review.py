"""`make review` on real changes: each patch under review_patches gets the verdict, exit code and gates it must."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.worlds import PROJECT_DIR, copy_project

PATCHES = PROJECT_DIR / "tests" / "review_patches"
EXPECTED = yaml.safe_load((PATCHES / "expected.yml").read_text(encoding="utf-8"))


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, with nobody's own settings."""
    identity = ["-c", "user.name=Reviewer", "-c", "user.email=reviewer@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def run_review(project_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what `make review` runs, against the last commit."""
    environment = {name: value for name, value in os.environ.items() if name not in ("BASE", "ONLY", "OPEN")}
    command = [sys.executable, "-m", "scripts.review", "--base", "HEAD", "--data-dir", str(PROJECT_DIR / "data")]
    return subprocess.run([*command, *arguments], cwd=project_dir, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of the project as it stands, with its base built and an unchanged tree reviewed."""
    folder = copy_project(tmp_path_factory.mktemp("review"))
    (folder / ".gitignore").write_text("dbt_packages/\n.review/\n__pycache__/\n", encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    outcome = run_review(folder)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.splitlines()[-1] == "review: PASS (exit 0)"
    return folder


@pytest.fixture(scope="session")
def reviewed(
    request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Return the review of every patch, two at a time, each in a copy of the repository with its built base."""

    def review(patch: Path) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(patch.stem) / "project"
        shutil.copytree(repository, folder, symlinks=True)
        git(folder, "apply", str(patch))
        outcome = run_review(folder)
        found = json.loads((folder / ".review" / "review.json").read_text(encoding="utf-8"))
        return {**found, "returncode": outcome.returncode, "last_line": outcome.stdout.splitlines()[-1]}

    is_wanted = request.config.getoption("--all-patches")
    patches = [PATCHES / f"{name}.patch" for name in EXPECTED if is_wanted or EXPECTED[name].get("is_quick")]
    with ThreadPoolExecutor(2) as executor:
        return dict(zip((patch.stem for patch in patches), executor.map(review, patches), strict=True))


def test_every_patch_is_expected_to_do_something() -> None:
    assert sorted(EXPECTED) == sorted(patch.stem for patch in PATCHES.glob("*.patch"))
    assert len(EXPECTED) >= 15


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
