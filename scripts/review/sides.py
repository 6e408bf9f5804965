"""The two sides of a review: the merge base and the working tree, both built under .review/ from the same data."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PARTS = ("dbt_project.yml", "packages.yml", "models", "macros", "seeds", "packages", "tests/dbt")
"""What dbt reads; everything else of a revision plays no role."""


class UsageError(Exception):
    """The review cannot begin; the message says why and what to do."""


@dataclass(frozen=True)
class Side:
    """A built side: where its project, databases and dbt's manifest are, and what failed."""

    label: str
    folder: Path
    problem: str
    failed: dict[str, str]
    """Node id → file, name and message of what did not pass."""

    @property
    def project_dir(self) -> Path:
        """Folder with the revision's files."""
        return self.folder / "project"

    @property
    def warehouse_dir(self) -> Path:
        """Folder with the three databases."""
        return self.folder / "warehouse"

    def manifest(self) -> dict[str, Any]:
        """Return dbt's manifest with compiled code."""
        return json.loads((self.folder / "target" / "manifest.json").read_text(encoding="utf-8"))


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
    digest = hashlib.sha256()
    for path in sorted(path for path in data_dir.rglob("*.parquet") if "truth" not in path.parts):
        digest.update(f"\0{path.relative_to(data_dir).as_posix()}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()[:12]


class Building:
    """A side that is being built by a process of its own."""

    @property
    def project_dir(self) -> Path:
        """Folder with the revision's files."""
        return self.folder / "project"

    def __init__(
        self, label: str, folder: Path, data_dir: Path, project_dir: Path, unit_tested: Sequence[str] = ()
    ) -> None:
        """Start the build of folder/project with the profile and the installed packages of the reviewing project."""
        self.label, self.folder = label, folder
        (folder / "warehouse").mkdir(parents=True, exist_ok=True)
        (folder / "project" / "dbt_packages").symlink_to(project_dir / "dbt_packages", target_is_directory=True)
        environment = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "WAREHOUSE_DIR": str(folder / "warehouse"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        program = Path(__file__).with_name("build_side.py")
        command = [sys.executable, "-W", "ignore", str(program), str(folder / "project"), str(project_dir)]
        self._process = subprocess.Popen(
            [*command, str(folder / "result.json"), *unit_tested],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def result(self) -> Side:
        """Wait for the build, and note beside it that it is whole."""
        _, errors = self._process.communicate()
        if self._process.returncode != 0:
            last = (errors.decode(errors="replace").strip().splitlines() or ["it was stopped"])[-1]
            return Side(self.label, self.folder, f"dbt broke off: {last}", {})
        result = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
        side = Side(self.label, self.folder, result["problem"], result["failed"])
        if not side.problem:
            (self.folder / "whole").touch()
        return side

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def start_base(
    project_dir: Path, review_dir: Path, commit: str, label: str, data_dir: Path, fingerprint: str
) -> Building | Side:
    """Return the base as it was built before from the same commit, data and versions, or start building it."""
    versions = [importlib.metadata.version(name) for name in ("dbt-core", "dbt-duckdb", "duckdb")]
    profile = (project_dir / "profiles.yml").read_bytes()
    state = hashlib.sha256(" ".join([commit, fingerprint, *versions]).encode() + profile).hexdigest()
    folder = review_dir / "base" / f"{commit[:12]}-{state[:12]}"
    if (folder / "whole").exists():
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return Side(label, folder, result["problem"], result["failed"])
    shutil.rmtree(review_dir / "base", ignore_errors=True)
    present = _git(project_dir, "ls-tree", "--name-only", commit, *_PARTS).decode().splitlines()
    # an archive, not a worktree: nothing is written to .git
    with tarfile.open(fileobj=io.BytesIO(_git(project_dir, "archive", "--format=tar", commit, *present))) as archive:
        archive.extractall(folder / "project", filter="data")
    return Building(label, folder, data_dir, project_dir)


def start_head(project_dir: Path, folder: Path, data_dir: Path, base_project_dir: Path | None) -> Building:
    """Start building a copy of the working tree, uncommitted changes included; without a base no unit test runs."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in _PARTS:
        source, target = project_dir / part, folder / "project" / part
        if source.is_dir():
            shutil.copytree(source, target)
        elif source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    unit_tested = _unit_tested(base_project_dir, folder / "project") if base_project_dir else []
    return Building("working tree", folder, data_dir, project_dir, unit_tested)


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
