"""Arrow arrays from NumPy ones, for many rows at a time and without copies where that can be.

Text is kept as dictionary arrays (a short table and positions in it): that is fast to make and small on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa

from scripts.simulate.columns import Flags, Numbers, Words
from scripts.simulate.ids import id_text


class Texts:
    """The texts of a short table, each different one once; None stands for NULL."""

    def __init__(self, values: Sequence[str | None]) -> None:
        self.unique = list(dict.fromkeys(value for value in values if value is not None))
        number = {None: -1} | {value: at for at, value in enumerate(self.unique)}
        self.code = np.array([number[value] for value in values])


class Links:
    """Where in a table of `size` entries each row looks, -1 for nowhere: counted once for all columns that look there.

    A file's dictionaries hold the entries that the rows need and nothing else.
    """

    def __init__(self, position: Numbers, size: int) -> None:
        self.position = position.astype(np.intp, copy=False)
        # One entry more, for nowhere: it is the last, which is where NumPy finds number -1.
        is_used = np.zeros(size + 1, dtype=bool)
        is_used[self.position] = True
        self.used = np.flatnonzero(is_used[:-1])
        self._size = size
        self._has_nulls = bool(is_used[-1])

    @cached_property
    def valid(self) -> pa.Buffer | None:
        """Which rows look somewhere."""
        return bitmap(self.position >= 0) if self._has_nulls else None

    def text(self, texts: Texts) -> pa.DictionaryArray:
        """The text for each row."""
        code = np.append(texts.code, -1)
        is_used = np.zeros(len(texts.unique) + 1, dtype=bool)
        is_used[code[self.used]] = True
        number = np.cumsum(is_used, dtype=np.int32) - 1
        index = np.where(code < 0, 0, number[code]).astype(np.int32).take(self.position, mode="wrap")
        valid = bitmap(code.take(self.position, mode="wrap") >= 0) if is_used[-1] else self.valid
        return _dictionary(
            index, valid, pa.array([texts.unique[at] for at in np.flatnonzero(is_used[:-1])], pa.string())
        )

    def ids(self, words: Words) -> pa.DictionaryArray:
        """The text of the UUID for each row, given the table's UUIDs."""
        return _dictionary(self._index, self.valid, id_text(words.take(self.used, axis=0)))

    @cached_property
    def _index(self) -> Numbers:
        number = np.zeros(self._size + 1, dtype=np.int32)
        number[self.used] = np.arange(len(self.used), dtype=np.int32)
        return number.take(self.position, mode="wrap")


def constant(value: str, size: int) -> pa.DictionaryArray:
    """The same text `size` times."""
    return _dictionary(np.zeros(size, dtype=np.int32), None, pa.array([value]))


def times(milliseconds: Numbers, valid: pa.Buffer | None = None) -> pa.TimestampArray:
    """Times, which Snowplow has in microseconds; NULL where `valid`, a bitmap, says so."""
    return _numbers(pa.timestamp("us", tz="UTC"), milliseconds * 1_000, valid)


def integers(values: Numbers, valid: pa.Buffer | None = None) -> pa.Int32Array:
    """Whole numbers; NULL where `valid`, a bitmap, says so."""
    return _numbers(pa.int32(), values.astype(np.int32, copy=False), valid)


def bitmap(is_there: Flags) -> pa.Buffer | None:
    """Arrow's mark of which values are there; None where all are."""
    return None if is_there.all() else pa.py_buffer(np.packbits(is_there, bitorder="little"))


def _numbers(kind: pa.DataType, values: Numbers, valid: pa.Buffer | None) -> pa.Array:
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(values)])


def _dictionary(index: Numbers, valid: pa.Buffer | None, values: pa.Array) -> pa.DictionaryArray:
    # Positions are within the table by construction: checking each takes as long as making it.
    return pa.DictionaryArray.from_arrays(_numbers(pa.int32(), index, valid), values, safe=False)
