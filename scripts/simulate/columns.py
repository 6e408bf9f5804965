"""The types of NumPy columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.signedinteger[Any]]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]  # two per UUID
Columns = dict[str, NDArray[Any]]  # a table: columns of any of these, of the same length
