"""What tells two sets of files apart: a hash of their paths and contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

_CHUNK_BYTES = 1 << 20  # of a file at a time, as those of a data folder may be larger than the memory


def fingerprint(folder: Path, files: Iterable[Path], besides: bytes = b"") -> str:
    """Return the hexadecimal digits of what is in the files, their paths below the folder, and `besides`."""
    digest = hashlib.sha256(besides)
    for path in sorted(files):
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()
