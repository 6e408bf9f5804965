"""The funnel step alone: our SQL against windowFunnel of ClickHouse (chdb), on the same hits.

The hits are a Parquet file with a row per hit: `person_id` (VARCHAR), `step_order` (TINYINT, from 1) and `hit_at`
(TIMESTAMP, UTC), by time. Each engine loads them into a table of its own first. `funnel_step.sql` is made of the
models' own macros: one SELECT on the table `hits`, which returns a row per person × step reached in order within 7 days
of step 1, with the time. windowFunnel says only how far each person got, so people are counted by their last step in
both; it takes the best attempt of each, we the first.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts import PROJECT_DIR
from scripts.bench.measure import BenchError, last_line
from scripts.databases import literal

STEP_COUNT = 9
WINDOW_DAYS = 7
SQL_FILE = Path(__file__).parent / "funnel_step.sql"
ENGINES = ("funnel_step.sql", "chdb")
_HITS_PER_PERSON = 5


@dataclass(frozen=True)
class FunnelRun:
    """One run of the funnel step in one engine."""

    cpu_seconds: float
    """Of the query with reading the table; without starting the engine and loading it."""
    wall_seconds: float
    depths: dict[int, int]
    """Number of people by the last step that they reached; who never was at step 1 is left out."""


def why_absent(engine: str) -> str | None:
    """Return in one line why an engine cannot run and how to change that; None where it can."""
    if engine == "chdb" and importlib.util.find_spec("chdb") is None:
        return "chdb is not installed, so the funnel step has nothing to be held against: `make bench` installs it"
    return None


def make_hits(hit_count: int, path: Path) -> None:
    """Write about so many hits into a Parquet file, unless it is there: the same count, the same hits.

    People have 1 to 9 hits, 5 on average. Most take the steps in order, minutes apart; one hit in eight repeats an
    earlier step, one in twelve comes out of order, and one in fifty comes 8 days later, after the window.
    """
    if path.is_file():
        return
    partial = path.with_suffix(".partial")
    people = max(1, round(hit_count / _HITS_PER_PERSON))
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            COPY (
                WITH people AS (
                    SELECT people.i
                         , CAST(MD5(CAST(people.i AS VARCHAR)) AS VARCHAR) AS person_id
                         , CAST(1 + HASH(people.i, 1) % {STEP_COUNT} AS INTEGER) AS hit_count
                         , TIMESTAMP '2026-01-01' + TO_SECONDS(HASH(people.i, 2) % 31536000) AS started_at
                      FROM RANGE({people}) AS people (i)
                )

                , numbered AS (
                    SELECT people.*
                         , UNNEST(RANGE(1, people.hit_count + 1)) AS number
                      FROM people
                )

                SELECT numbered.person_id
                     , CAST(CASE
                           WHEN number > 1 AND HASH(i, number, 3) % 8 = 0 THEN 1 + HASH(i, number, 4) % number
                           ELSE number
                       END AS TINYINT) AS step_order
                     , started_at
                       + TO_MILLISECONDS(CAST(number * 300000 + HASH(i, number, 5) % 240000 AS BIGINT))
                       - TO_MINUTES(CASE WHEN number > 1 AND HASH(i, number, 6) % 12 = 0 THEN 15 ELSE 0 END)
                       + TO_DAYS(CASE WHEN HASH(i, number, 7) % 50 = 0 THEN 8 ELSE 0 END) AS hit_at
                  FROM numbered
                 ORDER BY hit_at -- as events come: not by person
            ) TO {literal(partial)} (FORMAT parquet, COMPRESSION zstd)
            """
        )
    partial.replace(path)


def run_engine(engine: str, hits: Path) -> FunnelRun:
    """Run the funnel step in a process of its own.

    Raises:
        BenchError: it failed; the message has the last line that it wrote.
    """
    command = [sys.executable, "-m", "scripts.bench.funnel_query", engine, str(hits)]
    outcome = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)
    if outcome.returncode != 0:
        raise BenchError(f"the funnel step failed in {engine}: {last_line(outcome.stderr)}")
    said = json.loads(outcome.stdout.splitlines()[-1])
    said["depths"] = {int(depth): count for depth, count in said["depths"].items()}
    return FunnelRun(**said)
