"""A repository of the project, in which changes are reviewed as `make review` does."""

import os
import subprocess
import sys
from pathlib import Path

from tests.worlds import PROJECT_DIR, copy_project

PATCHES = PROJECT_DIR / "tests" / "review_patches"
_OPTIONS = ("BASE", "ONLY", "OPEN", "VALUES")


def make_repository(folder: Path) -> Path:
    """Commit the project as it stands to a new repository in the folder, and return the folder."""
    copy_project(folder)
    (folder / ".gitignore").write_text("dbt_packages/\n.review/\n__pycache__/\n", encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "base")
    return folder


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, with nobody's own settings."""
    identity = ["-c", "user.name=Reviewer", "-c", "user.email=reviewer@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def run_review(project_dir: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run what `make review` runs, against the last commit, with more environment variables if given."""
    environment = {name: value for name, value in os.environ.items() if name not in _OPTIONS} | variables
    command = [sys.executable, "-m", "scripts.review", "--base", "HEAD", "--data-dir", str(PROJECT_DIR / "data")]
    return subprocess.run([*command, *arguments], cwd=project_dir, env=environment, capture_output=True, text=True)
