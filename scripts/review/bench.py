"""Measure the comparison against the plainest statement that does as much: python -m scripts.review.bench.

Both run on the same two tables of 15 columns, of which 1 % of the rows differ, on two threads.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb

from scripts.arguments import Parser, positive
from scripts.review.compare import Tolerance, compare_relations

_COLUMNS = {
    "id": "i",
    "member_id": "i % 50000",
    "step_order": "CAST(i % 9 AS INTEGER)",
    "page_view_count": "HASH(i, 1) % 40",
    "scroll_depth": "HASH(i, 2) % 1000 / 1000.0::DOUBLE",
    "engaged_seconds": "HASH(i, 3) % 100000 / 7.0::DOUBLE",
    "conversion_rate": "HASH(i, 4) % 1000003 / 1000003.0::DOUBLE",
    "drop_off_rate": "HASH(i, 5) % 1000003 / 1000003.0::DOUBLE",
    "person_id": "'user:' || HASH(i, 6)",
    "step_name": "'step ' || i % 9",
    "segment_value": "'segment ' || HASH(i, 7) % 300",
    "page_urlpath": "'/signup/pages/' || HASH(i, 8) % 2000",
    "entered_at": "TIMESTAMP '2025-01-01' + INTERVAL 1 SECOND * (HASH(i, 9) % 31536000)::INTEGER",
    "ended_at": "TIMESTAMP '2025-02-01' + INTERVAL 1 SECOND * (HASH(i, 10) % 31536000)::INTEGER",
    "loaded_date": "DATE '2025-01-01' + (i % 365)::INTEGER",
}
_MOVED = "engaged_seconds"
_KEYS = {"number": ("id",), "text": ("person_id",), "composite": ("person_id", "step_name", "entered_at")}


def main() -> None:
    """Print the median seconds of both and their ratio, for each kind of key and for none."""
    parser = Parser(prog="python -m scripts.review.bench", description=__doc__)
    parser.add_argument("--rows", type=positive, default=1_000_000, help="of each table (default 1,000,000)")
    parser.add_argument("--runs", type=positive, default=5, help="of each statement, in turn (default 5)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        connection = _open(Path(folder), arguments.rows)
        for name, key in (*_KEYS.items(), ("none", ())):
            by_hand, ours = _alternate(
                partial(_by_hand, connection, key or ("id",)),
                partial(_ours, connection, key),
                arguments.runs,
            )
            print(f"key {name:<9}  by hand {by_hand:.2f} s  ours {ours:.2f} s  ratio {ours / by_hand:.2f}")


def _open(folder: Path, row_count: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    columns = ", ".join(f"{expression} AS {name}" for name, expression in _COLUMNS.items())
    moved = f"CASE WHEN HASH(id) % 100 = 0 THEN {_MOVED} + 1 ELSE {_MOVED} END AS {_MOVED}"
    for side in ("base", "head"):
        connection.execute(f"ATTACH '{folder / side}.duckdb' AS {side}")
    connection.execute(f"CREATE TABLE base.t AS SELECT {columns} FROM RANGE({row_count}) AS r(i)")
    connection.execute(f"CREATE TABLE head.t AS SELECT * REPLACE ({moved}) FROM base.t")
    return connection


def _alternate(one: Callable[[], None], other: Callable[[], None], runs: int) -> tuple[float, float]:
    """Return the median seconds of each; they take turns, so that a busy machine slows both."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for measured, run in zip(seconds, (one, other), strict=True):
            started = time.perf_counter()
            run()
            measured.append(time.perf_counter() - started)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def _ours(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> None:
    compare_relations(connection, "base.t", "head.t", key, "bench", Tolerance())


def _by_hand(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> None:
    others = [name for name in _COLUMNS if name not in key]
    same = " AND ".join(f"b.{name} = h.{name}" for name in key)
    differs = " OR ".join(f"b.{name} IS DISTINCT FROM h.{name}" for name in others)
    sides = ", ".join(f"{side}.{name} AS {side}_{name}" for side in "bh" for name in _COLUMNS)
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE differing AS
        SELECT {sides} FROM base.t AS b FULL JOIN head.t AS h ON {same}
         WHERE b.{key[0]} IS NULL OR h.{key[0]} IS NULL OR {differs}
        """
    )
    counts = ", ".join(f"COUNT(*) FILTER (b_{name} IS DISTINCT FROM h_{name})" for name in _COLUMNS)
    connection.execute(f"SELECT {counts} FROM differing").fetchall()
    connection.execute("DROP TABLE differing")


if __name__ == "__main__":
    main()
