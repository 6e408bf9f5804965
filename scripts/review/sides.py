"""The two sides of a review: the merge base and the working tree, both built under .review/ from the same data."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from scripts.dbt_run import Failure, engine_versions
from scripts.fingerprint import fingerprint

_PARTS = ("dbt_project.yml", "packages.yml", "models", "macros", "seeds", "packages", "tests/dbt")
"""What dbt reads; everything else of a revision plays no role."""


class UsageError(Exception):
    """The review cannot begin; the message says why and what to do."""


class Side:
    """A revision in a folder of its own, built or being built by a process of its own."""

    def __init__(self, label: str, folder: Path) -> None:
        """Name the side in words, and the folder with its files; nothing is read or started yet."""
        self.label, self.folder = label, folder
        self.problem = ""
        """Why it is not built."""
        self.failed: dict[str, Failure] = {}
        """What did not pass, by node id."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def project_dir(self) -> Path:
        """Folder with the revision's files."""
        return self.folder / "project"

    @property
    def warehouse_dir(self) -> Path:
        """Folder with the three databases."""
        return self.folder / "warehouse"

    @property
    def is_whole(self) -> bool:
        """Whether it was built to the end, by whichever run."""
        return (self.folder / "whole").exists()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Dbt's manifest with compiled code."""
        manifest: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_text(encoding="utf-8"))
        return manifest

    def start(self, data_dir: Path, reviewing_dir: Path, unit_tested: Sequence[str] = ()) -> None:
        """Start the build, with the profile and the installed packages of the reviewing project."""
        self.warehouse_dir.mkdir(parents=True)
        (self.project_dir / "dbt_packages").symlink_to(reviewing_dir / "dbt_packages", target_is_directory=True)
        environment = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "VIEWS_AS": "table",
            "WAREHOUSE_DIR": str(self.warehouse_dir),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }
        command = [sys.executable, "-W", "ignore", "-m", "scripts.review.build_side"]
        self._process = subprocess.Popen(
            [*command, str(self.project_dir), str(reviewing_dir), str(self._result_file), *unit_tested],
            cwd=reviewing_dir,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def wait(self) -> None:
        """Wait for the build, if one was started, and read what came of it; note beside it that it is whole."""
        if self._process is not None:
            _, errors = self._process.communicate()
            if self._process.returncode != 0:
                last = (errors.decode(errors="replace").strip().splitlines() or ["it was stopped"])[-1]
                self.problem = f"dbt broke off: {last}"
                return
        result = json.loads(self._result_file.read_text(encoding="utf-8"))
        self.problem = result["problem"]
        self.failed = {node: Failure(*failure) for node, failure in result["failed"].items()}
        if not self.problem:
            (self.folder / "whole").touch()

    def stop(self) -> None:
        """End the build, if it still runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def _result_file(self) -> Path:
        return self.folder / "result.json"


def merge_base(project_dir: Path, base: str) -> str:
    """Return the commit at which the working tree's history and `base` parted.

    Raises:
        UsageError: there is no such commit, or no repository.
    """
    try:
        return _git(project_dir, "merge-base", "HEAD", base).decode().strip()
    except FileNotFoundError:
        raise UsageError("git is not on the PATH: a review needs it for the base") from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode().strip().splitlines()
        why = words[-1] if words else "it shares no history with HEAD (a shallow clone? git fetch --unshallow)"
        raise UsageError(f"BASE={base} has no merge base with HEAD: {why}") from None


def data_fingerprint(data_dir: Path) -> str:
    """Return twelve hex digits of the names and contents of the Parquet files that models read."""
    files = (path for path in data_dir.rglob("*.parquet") if "truth" not in path.parts)
    return fingerprint(data_dir, files)[:12]


def start_base(project_dir: Path, bases_dir: Path, commit: str, label: str, data_dir: Path, of_data: str) -> Side:
    """Return the commit as it was built before from the same data and versions, or with its build started."""
    profile = (project_dir / "profiles.yml").read_bytes()
    state = hashlib.sha256(f"{commit} {of_data} {engine_versions()}".encode() + profile).hexdigest()
    side = Side(label, bases_dir / f"{commit[:12]}-{state[:12]}")
    if side.is_whole:
        return side
    shutil.rmtree(bases_dir, ignore_errors=True)
    present = _git(project_dir, "ls-tree", "--name-only", commit, *_PARTS).decode().splitlines()
    # an archive, not a worktree: nothing is written to .git
    with tarfile.open(fileobj=io.BytesIO(_git(project_dir, "archive", "--format=tar", commit, *present))) as archive:
        archive.extractall(side.project_dir, filter="data")
    side.start(data_dir, project_dir)
    return side


def start_head(project_dir: Path, folder: Path, data_dir: Path, base: Side | None = None) -> Side:
    """Return a copy of the working tree, uncommitted changes included, with its build started.

    Unit tests run of the models that are not as on the base; without a base none do.
    """
    side = Side("working tree", folder)
    shutil.rmtree(folder, ignore_errors=True)
    for part in _PARTS:
        source, target = project_dir / part, side.project_dir / part
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    side.start(data_dir, project_dir, _unit_tested(base.project_dir, side.project_dir) if base else [])
    return side


def _unit_tested(base: Path, head: Path) -> list[str]:
    """Return the models whose unit tests may say something else than on the base; ["*"] where it may be any."""
    names = set()
    for path in sorted({file.relative_to(side) for side in (base, head) for file in _files(side)}):
        if _content(base / path) != _content(head / path):
            if path.parts[0] != "models":
                if path.parts[0] in ("macros", "packages") or path.suffix in (".yml", ".yaml"):
                    return ["*"]
            else:
                names.add(path.stem)
    models = {path.stem for path in (head / "models").rglob("*.sql")}
    # what is no model's own file, such as sources.yml, may be read by any of them
    return sorted(names & models) if names <= models | {"exposures"} else ["*"]


def _files(project_dir: Path) -> list[Path]:
    return [
        path for part in _PARTS for path in [project_dir / part, *(project_dir / part).rglob("*")] if path.is_file()
    ]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _git(project_dir: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=project_dir, check=True, capture_output=True).stdout
