"""The databases' folder: one build at a time, new databases grow beside the present ones and replace them whole.

The last file that a build writes into `.building` is the note of what it was built from. With it the build is whole:
whoever comes next, after a kill too, finishes the replacing. Without it what is there is worth nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

DATABASES = ("raw.duckdb", "prep.duckdb", "prod.duckdb")
NOTE = ".built_from.json"
_BUILDING = ".building"


class WarehouseError(Exception):
    """The databases' folder cannot be used; the message says why and what to do."""


@contextlib.contextmanager
def locked(warehouse_dir: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system releases whenever this process ends.

    Raises:
        WarehouseError: the folder cannot be written, also within the block, or another build holds it.
    """
    try:
        warehouse_dir.mkdir(parents=True, exist_ok=True)
        with (warehouse_dir / ".lock").open("a+", encoding="utf-8") as lock:
            _lock(lock, warehouse_dir)
            for name in (*DATABASES, NOTE):
                if (warehouse_dir / name).is_dir():
                    raise WarehouseError(f"{warehouse_dir / name} is a folder: move it away, a database belongs there")
            yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise WarehouseError(f"WAREHOUSE_DIR={warehouse_dir} cannot be written: {error.strerror}{where}") from error


def _lock(lock: IO[str], warehouse_dir: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise WarehouseError(f"{warehouse_dir} is being built by process {lock.read()}: wait until it ends") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


@contextlib.contextmanager
def building_dir(warehouse_dir: Path) -> Iterator[Path]:
    """Give an empty folder for new databases, beside the present ones, and remove it afterwards."""
    folder = warehouse_dir / _BUILDING
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap_in(warehouse_dir: Path) -> None:
    """Replace the databases, and the note last, by those of the building folder that are not moved yet."""
    building = warehouse_dir / _BUILDING
    for name in (*DATABASES, NOTE):
        if (building / name).is_file():
            # the log of a reader that died while writing belongs to the old file only
            (warehouse_dir / f"{name}.wal").unlink(missing_ok=True)
            os.replace(building / name, warehouse_dir / name)


def recover(warehouse_dir: Path) -> None:
    """Finish what a build that was killed had finished but for the replacing, and remove what it had not."""
    building = warehouse_dir / _BUILDING
    if (building / NOTE).is_file():
        swap_in(warehouse_dir)
    shutil.rmtree(building, ignore_errors=True)
