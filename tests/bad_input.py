"""What the tests of bad input share: programs that permissions and limits stop, and what a refusal looks like."""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.worlds import PROJECT_DIR

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def obey_permissions() -> None:
    """Let permissions hold for a child of root too, whom nothing is forbidden otherwise."""
    if os.geteuid() == 0:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            if ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError("root of this machine cannot give up its rights")


def full_disk(byte_count: int) -> Callable[[], None]:
    """Return what lets no file of a child grow larger, which DuckDB and Python meet as they meet a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, byte_count))


def run(
    module: str,
    *arguments: str,
    limit: Callable[[], None] = obey_permissions,
    cwd: Path = PROJECT_DIR,
    **variables: object,
) -> subprocess.CompletedProcess[str]:
    """Run a program of the project, with variables added to the environment."""
    environment = {**os.environ, "PYTHONPATH": str(cwd), **{name: str(value) for name, value in variables.items()}}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, preexec_fn=limit)


def assert_refused(outcome: subprocess.CompletedProcess[str], *words: str, code: int = 2, line_count: int = 1) -> None:
    """Require the exit code, and as many lines as there are mistakes, in which all of the words occur."""
    assert outcome.returncode == code, outcome.stderr
    assert len(outcome.stderr.splitlines()) == line_count, outcome.stderr
    for word in words:
        assert word in outcome.stderr
    for word in ("Traceback", "None", "[Errno"):
        assert word not in outcome.stderr


def contents(folder: Path) -> dict[str, str]:
    """Return a hash of every file in a folder, and an entry for every folder; whose lock it was says nothing."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
        if path.name != ".lock"
    }


def allow_all(folder: Path) -> None:
    """Give back every permission, so that the folder can be removed."""
    subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=True)
