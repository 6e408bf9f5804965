"""UUIDs from draws: kept as two 64-bit words, written as text only at the end."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_DASHES = (8, 13, 18, 23)
_DIGITS = np.array([at for at in range(36) if at not in _DASHES])


def draw_ids(rng: np.random.Generator, size: int) -> np.ndarray:
    """`size` random version 4 UUIDs as a uint64 array of shape (size, 2); they sort as their text does."""
    words = rng.integers(0, 2**64, size=(size, 2), dtype=np.uint64)
    words[:, 0] = (words[:, 0] & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    words[:, 1] = (words[:, 1] & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    return words


def id_text(words: np.ndarray) -> pa.StringArray:
    """The 36-character text of UUIDs given as uint64 words of shape (n, 2)."""
    count = len(words)
    raw = np.ascontiguousarray(words).astype(">u8").view(np.uint8).reshape(count, 16)
    text = np.full((count, 36), ord("-"), dtype=np.uint8)
    text[:, _DIGITS[0::2]] = _HEX[raw >> 4]
    text[:, _DIGITS[1::2]] = _HEX[raw & 15]
    offsets = np.arange(0, 36 * (count + 1), 36, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text))
