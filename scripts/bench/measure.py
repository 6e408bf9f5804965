"""Run a program and measure what it takes: time, processor, memory and disk."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.1


class BenchError(Exception):
    """The benchmark cannot go on; the message says why and what to do."""


@dataclass(frozen=True)
class Measurement:
    """What one run of a program took."""

    started_at: float
    """Seconds since 1970."""
    wall_seconds: float
    cpu_seconds: float
    """User and system time of the process with all its threads."""
    peak_memory_bytes: int
    peak_disk_bytes: int
    """The largest size of the watched folder while the program ran."""
    final_disk_bytes: int


def measure(
    command: Sequence[str], cwd: Path, watched_dir: Path, variables: Mapping[str, str] | None = None
) -> Measurement:
    """Run a program to its end, with variables added to the environment, and return what it took.

    `watched_dir` is the folder whose size is followed; it need not be there yet.

    Raises:
        BenchError: the program failed; the message has the last line that it wrote.
    """
    environment = {**os.environ, **(variables or {})}
    with tempfile.TemporaryFile() as output:
        started_at, started = time.time(), time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=output, stderr=subprocess.STDOUT)
        peak_disk = 0
        try:
            while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
                peak_disk = max(peak_disk, folder_bytes(watched_dir))
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            process.kill()
            process.wait()
            raise
        wall_seconds = time.perf_counter() - started
        _, status, usage = ended
        process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it in vain
        if process.returncode != 0:
            output.seek(0)
            words = last_line(output.read().decode(errors="replace"))
            raise BenchError(f"`{' '.join(command[1:])}` failed with exit code {process.returncode}: {words}")
    final_disk = folder_bytes(watched_dir)
    return Measurement(
        started_at=started_at,
        wall_seconds=wall_seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_memory_bytes=usage.ru_maxrss * 1024,
        peak_disk_bytes=max(peak_disk, final_disk),
        final_disk_bytes=final_disk,
    )


def last_line(said: str) -> str:
    """Return the last line that a program wrote, which says why it failed."""
    return (said.strip().splitlines() or ["it said nothing"])[-1]


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder (bytes); 0 where there is none."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # gone since it was listed
            continue
    return total
