"""Run the funnel step in one engine: python -m scripts.bench.funnel_query ENGINE HITS.parquet.

Prints processor and wall seconds of the query and the number of people by depth, as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable

import duckdb

from scripts.bench.funnel import ENGINES, SQL_FILE, STEP_COUNT, WINDOW_DAYS

_Depths = dict[int, int]


def in_duckdb(hits: str) -> Callable[[], _Depths]:
    """Return what runs funnel_step.sql on a Parquet file of hits, on as many threads as there are cores."""
    connection = duckdb.connect()
    escaped = hits.replace("'", "''")
    connection.execute(f"CREATE VIEW hits AS SELECT * FROM READ_PARQUET('{escaped}')")
    sql = SQL_FILE.read_text(encoding="utf-8")
    return lambda: dict(connection.execute(f"SELECT depth, COUNT(*) FROM (\n{sql}\n) GROUP BY depth").fetchall())


def in_chdb(hits: str) -> Callable[[], _Depths]:
    """Return what runs windowFunnel on a Parquet file of hits, on as many threads as there are cores."""
    import chdb

    chdb.query("SELECT 1")  # starting it is not the query's time
    escaped = hits.replace("\\", "\\\\").replace("'", "\\'")
    window = WINDOW_DAYS * 86_400_000  # milliseconds
    steps = ", ".join(f"step_order = {number}" for number in range(1, STEP_COUNT + 1))
    columns = (
        "person_id String, step_order Int8, hit_at DateTime64(6)"  # else nullable, of which it takes 8 steps at most
    )
    sql = f"""
        SELECT depth, COUNT()
          FROM (
                SELECT windowFunnel({window})(toUInt64(toUnixTimestamp64Milli(hit_at)), {steps}) AS depth
                  FROM file('{escaped}', Parquet, '{columns}')
                 GROUP BY person_id
               )
         WHERE depth > 0
         GROUP BY depth
    """
    return lambda: {int(row[0]): int(row[1]) for row in json.loads(chdb.query(sql, "JSONCompact").bytes())["data"]}


def main() -> None:
    """Run one engine once."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench.funnel_query", description=__doc__.split("\n\n")[0])
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("hits", help="Parquet file that scripts.bench.funnel has written")
    given = parser.parse_args()
    run = (in_chdb if given.engine == "chdb" else in_duckdb)(given.hits)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    depths = run()
    wall_seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps({"cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds, "depths": dict(sorted(depths.items()))})
    )


if __name__ == "__main__":
    main()
