"""Run the funnel step in one engine: python -m scripts.bench.funnel_query ENGINE HITS.parquet.

Prints processor and wall seconds of the query, on a table loaded before, and the number of people by depth, as one line
of JSON.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.bench.funnel import ENGINES, SQL_FILE, STEP_COUNT, WINDOW_DAYS
from scripts.databases import literal

_Depths = dict[int, int]


def in_duckdb(hits: str, folder: str) -> Callable[[], _Depths]:
    """Load the hits into a table and return what runs funnel_step.sql on it, on as many threads as there are cores."""
    connection = duckdb.connect(f"{folder}/hits.duckdb")
    connection.execute("SET enable_progress_bar = FALSE")
    connection.execute(f"CREATE TABLE hits AS SELECT * FROM READ_PARQUET({literal(hits)})")
    connection.execute("CHECKPOINT")
    # MAX, so that the times are made and not only counted; a person at step k was at all steps before it
    counted = f"SELECT required_number, COUNT(*), MAX(reached_at) FROM (\n{funnel_step()}\n) GROUP BY required_number"

    def run() -> _Depths:
        reached = {number: count for number, count, _ in connection.execute(counted).fetchall()}
        return {number: count - reached.get(number + 1, 0) for number, count in reached.items()}

    return run


def funnel_step() -> str:
    """Return funnel_step.sql with the models' macros filled in: a row per person and step that was reached."""
    loader = FileSystemLoader([SQL_FILE.parent, PROJECT_DIR / "macros"])
    template = Environment(loader=loader, autoescape=False).get_template(SQL_FILE.name)
    return template.render(step_count=STEP_COUNT, window_days=WINDOW_DAYS)


def in_chdb(hits: str, folder: str) -> Callable[[], _Depths]:
    """Load the hits into a table and return what runs windowFunnel on it, on as many threads as there are cores."""
    from chdb.session import Session

    session = Session(f"{folder}/chdb")
    escaped = hits.replace("\\", "\\\\").replace("'", "\\'")
    window = WINDOW_DAYS * 86_400_000  # milliseconds
    steps = ", ".join(f"step_order = {number}" for number in range(1, STEP_COUNT + 1))
    columns = (
        "person_id String, step_order Int8, hit_at DateTime64(6)"  # else nullable, of which it takes 8 steps at most
    )
    session.query("CREATE DATABASE bench")
    session.query(f"CREATE TABLE bench.hits ({columns}) ENGINE = MergeTree ORDER BY tuple()")
    session.query(f"INSERT INTO bench.hits SELECT * FROM file('{escaped}', Parquet, '{columns}')")
    session.query("OPTIMIZE TABLE bench.hits FINAL")  # else it goes on merging while the query runs
    sql = f"""
        SELECT depth, COUNT()
          FROM (
                SELECT windowFunnel({window})(toUInt64(toUnixTimestamp64Milli(hit_at)), {steps}) AS depth
                  FROM bench.hits
                 GROUP BY person_id
               )
         WHERE depth > 0
         GROUP BY depth
    """
    return lambda: {int(row[0]): int(row[1]) for row in json.loads(session.query(sql, "JSONCompact").bytes())["data"]}


def main() -> None:
    """Run one engine once."""
    parser = Parser(prog="python -m scripts.bench.funnel_query", description=__doc__.split("\n\n")[0])
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("hits", help="Parquet file that scripts.bench.funnel has written")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path(given.hits).parent) as folder:
        run = (in_chdb if given.engine == "chdb" else in_duckdb)(given.hits, folder)
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        depths = run()
        wall_seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        json.dumps({"cpu_seconds": cpu_seconds, "wall_seconds": wall_seconds, "depths": dict(sorted(depths.items()))})
    )


if __name__ == "__main__":
    main()
