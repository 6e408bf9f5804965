"""UUIDs from draws: kept as two 64-bit words, written as text only at the end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scripts.simulate.columns import Words

# The four hex digits of every 16-bit number.
_DIGITS = np.frombuffer("".join(f"{number:04x}" for number in range(1 << 16)).encode(), dtype="<u4")
# Where the quarters of both words stand in a text; the lowest one comes first in memory and last in the text.
_PLACES = (14, 9, 4, 0, 32, 28, 24, 19)
_QUARTERS = [f"quarter_{at}" for at in range(8)]
_TEXT = np.dtype({"names": _QUARTERS, "formats": ["<u4"] * 8, "offsets": _PLACES, "itemsize": 36})


def draw_ids(rng: np.random.Generator, size: int) -> Words:
    """`size` random version 4 UUIDs as a uint64 array of shape (size, 2); they sort as their text does."""
    words = rng.integers(0, 2**64, size=(size, 2), dtype=np.uint64)
    words[:, 0] = (words[:, 0] & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    words[:, 1] = (words[:, 1] & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    return words


def id_text(words: Words, valid: pa.Buffer | None = None) -> pa.StringArray:
    """The 36-character text of UUIDs given as uint64 words of shape (n, 2); NULL where `valid`, a bitmap, says so."""
    count = len(words)
    quarters = np.ascontiguousarray(words, dtype="<u8").view("<u2").reshape(count, 8)
    digits = _DIGITS.take(quarters)
    text = np.full(36 * count, ord("-"), dtype=np.uint8)
    for at, name in enumerate(_QUARTERS):
        text.view(_TEXT)[name] = digits[:, at]
    offsets = np.arange(0, 36 * (count + 1), 36, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text), valid)
