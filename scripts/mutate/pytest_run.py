"""Run pytest until a test fails, and say which."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_OPTIONS = ("-q", "-x", "--tb=no", "--no-header", "-p", "no:cacheprovider")
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def run_pytest(
    project_dir: Path, arguments: Iterable[str], time_limit: float | None = None
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run pytest on a project, at most so many seconds; return what it left and said, and the tests that fail.

    Raises:
        subprocess.TimeoutExpired: time is up.
    """
    command = [sys.executable, "-m", "pytest", *_OPTIONS, *arguments]
    outcome = subprocess.run(command, cwd=project_dir, capture_output=True, text=True, timeout=time_limit)
    return outcome, _FAILED.findall(outcome.stdout)
