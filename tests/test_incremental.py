"""Files that arrive in any order, late and twice, end in the tables that a build of everything makes."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from scripts import build as program
from scripts.dbt_run import BuildError, failures
from tests.worlds import PROJECT_DIR, World

ORDERS = 20
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


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what will arrive: a small world cut by load time, other tables in all states."""
    folder = tmp_path_factory.mktemp("pool")
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


@pytest.fixture(scope="module")
def models_only() -> Iterator[None]:
    """Let builds run seeds and models, as one process and without the tests: the tables are what is compared."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    flags = ["--log-level", "none", "--log-level-file", "none"]
    manifest = dbtRunner().invoke([*flags, "parse", *folders]).result

    def run(project_dir: Path, data_dir: Path, folder: Path, console: Console, without_unit_tests: bool) -> int:
        os.environ.update(DATA_DIR=str(data_dir), WAREHOUSE_DIR=str(folder))
        types = ["--resource-type", "model", "--resource-type", "seed"]
        results = dbtRunner(manifest).invoke([*flags, "build", *folders, *types]).result.results
        DuckDBConnectionManager.close_all_connections()
        if failed := failures(results):
            raise BuildError("\n".join(map(str, failed.values())))
        return len(results)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATA_DIR", "WAREHOUSE_DIR", "LOADED_FROM"):
            patch.setenv(name, "")
        patch.setattr(program, "run_dbt", run)
        patch.setattr(program, "_UNIT_TESTED", Path(os.devnull))
        yield


def arrive(pool: Path, data_dir: Path, files: list[int], state: int) -> None:
    """Put files of events, and a state of members and clients, into a data folder."""
    (data_dir / "snowplow/events").mkdir(parents=True, exist_ok=True)
    (data_dir / "wellthy").mkdir(exist_ok=True)
    for number in files:
        shutil.copy2(pool / f"{number}.parquet", data_dir / "snowplow/events")
    for name in ("members", "clients"):
        shutil.copy(pool / f"{name}_{state}.parquet", data_dir / "wellthy" / f"{name}.parquet")


def built(data_dir: Path, warehouse_dir: Path) -> str:
    """Build what is new and return what the build says of it."""
    console = Console(record=True, file=io.StringIO(), width=1000)
    program.build(data_dir, warehouse_dir, console)
    return console.export_text()


@pytest.fixture(scope="module")
def at_once(pool: Path, models_only: None, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return what a build makes to which everything has arrived."""
    folder = tmp_path_factory.mktemp("at_once")
    arrive(pool, folder / "data", list(range(FILES)), state=NOW)
    assert "first time" in built(folder / "data", folder / "warehouse")
    return World(folder / "data", folder / "warehouse")


def unequal_tables(one: Path, other: Path) -> list[str]:
    """Return the tables of prep and prod that do not hold exactly the same rows in both folders."""
    unequal = []
    with duckdb.connect() as connection:
        for database in ("prep", "prod"):
            connection.execute(f"ATTACH '{one / database}.duckdb' AS one_{database} (READ_ONLY)")
            connection.execute(f"ATTACH '{other / database}.duckdb' AS other_{database} (READ_ONLY)")
            tables = [
                connection.execute(
                    "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY 1",
                    [f"{side}_{database}"],
                ).fetchall()
                for side in ("one", "other")
            ]
            assert tables[0] == tables[1] != []
            for (table,) in tables[0]:
                sides = [f"FROM {side}_{database}.{table}" for side in ("one", "other")]
                for first, second in (sides, sides[::-1]):
                    if connection.execute(f"({first}) EXCEPT ALL ({second}) LIMIT 1").fetchall():
                        unequal.append(f"{database}.{table}")
                        break
    return unequal


@pytest.mark.parametrize("seed", range(ORDERS))
def test_X2_any_order_of_arrival_ends_in_the_same_tables(
    pool: Path, models_only: None, at_once: World, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    order = rng.sample(range(FILES), FILES)
    cuts = sorted(rng.sample(range(1, FILES), rng.choice([1, 2, 3])))
    said = []
    for state, (start, end) in enumerate(zip([0, *cuts], [*cuts, FILES], strict=True)):
        arrive(pool, tmp_path / "data", order[start:end], state=NOW if end == FILES else state)
        said.append(built(tmp_path / "data", tmp_path / "warehouse"))
    assert "first time" in said[0]
    assert all("Adding" in words for words in said[1:]), said
    assert unequal_tables(tmp_path / "warehouse", at_once.warehouse_dir) == []
