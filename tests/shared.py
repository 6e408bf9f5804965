"""What is made once in a test run, whichever of its workers needs it first: the others wait, then read it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder of this run that `make` has filled, by now or by another worker. Tests may only read in it."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ  # which has a folder of its own in that of the run
    run_dir = factory.getbasetemp().parent if is_worker else factory.getbasetemp()
    folder, made = run_dir / name, run_dir / f"{name}.made"
    with (run_dir / f"{name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # left by a worker that failed to make it
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
