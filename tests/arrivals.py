"""A small world whose files arrive one after the other: late, twice, and with members and clients that change."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb

from tests.worlds import PROJECT_DIR

FILES = 8
# A tenth of the events is loaded up to seven days late; another tenth is delivered again, collected a minute before or
# after; some have lost their id.
WORLD = """
CREATE TABLE world AS
SELECT *, CAST('0x' || md5(event_id)[:8] AS BIGINT) AS draw
  FROM read_parquet('{folder}/data/snowplow/events/*.parquet');
UPDATE world SET load_tstamp = load_tstamp + to_seconds(draw % (7 * 86400)) WHERE draw % 10 = 0;
INSERT INTO world SELECT * REPLACE (
    collector_tstamp + to_seconds(draw % 121 - 60) AS collector_tstamp
  , load_tstamp + to_seconds(draw % (14 * 86400) - 7 * 86400) AS load_tstamp
) FROM world WHERE draw % 10 = 1;
INSERT INTO world SELECT * REPLACE (NULL AS event_id) FROM world WHERE draw % 100 = 2;
"""
CUT = """
COPY (
    SELECT * EXCLUDE (draw) FROM world
    QUALIFY NTILE({files}) OVER (ORDER BY load_tstamp, event_id, collector_tstamp) = {number} + 1
) TO '{folder}/{number}.parquet'
"""
# What members and clients were before they became what they are: fewer, with other values, and some deleted.
STATES = [
    "SELECT * FROM now WHERE md5({id}) < 'b'",
    "SELECT * REPLACE (LAG({value}, 1, 'C') OVER (ORDER BY {id}) AS {value}) FROM now",
    "SELECT * REPLACE (md5({id}) < '6' AS _fivetran_deleted) FROM now",
    "SELECT * FROM now",
]
NOW = len(STATES) - 1


def make_pool(folder: Path) -> Path:
    """Fill a folder with what will arrive: a small world cut by load time, other tables in all states."""
    arguments = ["--people", "120", "--months", "3", "--seed", "11", "--no-truth", "--out", str(folder / "data")]
    subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, check=True)
    with duckdb.connect() as connection:
        connection.execute(WORLD.format(folder=folder))
        for number in range(FILES):
            connection.execute(CUT.format(files=FILES, number=number, folder=folder))
        for name, key, value in (("members", "user_id", "client_id"), ("clients", "id", "client_industry")):
            connection.execute(
                f"CREATE OR REPLACE VIEW now AS FROM read_parquet('{folder}/data/wellthy/{name}.parquet')"
            )
            for number, state in enumerate(STATES):
                connection.execute(f"COPY ({state.format(id=key, value=value)}) TO '{folder}/{name}_{number}.parquet'")
    return folder


def arrive(pool: Path, data_dir: Path, files: list[int], state: int) -> None:
    """Put files of events, and a state of members and clients, into a data folder."""
    (data_dir / "snowplow/events").mkdir(parents=True, exist_ok=True)
    (data_dir / "wellthy").mkdir(exist_ok=True)
    for number in files:
        shutil.copy2(pool / f"{number}.parquet", data_dir / "snowplow/events")
    for name in ("members", "clients"):
        shutil.copy(pool / f"{name}_{state}.parquet", data_dir / "wellthy" / f"{name}.parquet")
