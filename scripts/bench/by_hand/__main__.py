"""Make the tables of `prod` by hand, with as little work as possible: python -m scripts.bench.by_hand DATA_DIR OUT.

No dbt, no layers, no tests: the bar that `make build` is measured against. The tables are those of prod.product, except
that an entry has a number, `entry_no`, in place of a hashed id, and that statistics which are arithmetic on a row's own
counts are left out.
"""

from __future__ import annotations

import glob
import json
import re
import resource
import sys
import tempfile
from pathlib import Path

import duckdb

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.bench.measure import BenchError
from scripts.bench.worlds import event_files
from scripts.databases import first_line

_SQL_FILES = sorted(Path(__file__).parent.glob("*.sql"))
_SEEDS = ("funnel_definitions", "calls_to_action")


def make_tables(data_dir: Path, out: Path, memory_limit: str | None = None) -> dict[str, float]:
    """Make the tables of prod from the Parquet files of a data folder, into a database file that is replaced.

    What does not fit into `memory_limit` (such as 8GB; None: DuckDB's default) is spilled beside the file and removed.
    Returns the processor seconds of each table, in the order in which they are made.

    Raises:
        BenchError: the data folder lacks a file, or the machine has too little room.
    """
    files = {"members": data_dir / "wellthy" / "members.parquet", "clients": data_dir / "wellthy" / "clients.parquet"}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise BenchError(f"{missing[0]} is not there: give a data folder as `python -m scripts.simulate` writes it")
    if not event_files(data_dir):
        raise BenchError(f"{data_dir / 'snowplow' / 'events'} has no Parquet files: give a data folder that has events")
    variables = {name: glob.escape(str(path)) for name, path in files.items()}
    variables["events"] = f"{glob.escape(str(data_dir))}/snowplow/events/**/*.parquet"
    variables |= {name: glob.escape(str(PROJECT_DIR / "seeds" / f"{name}.csv")) for name in _SEEDS}
    try:
        out.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{out.name}.spill-", dir=out.parent) as spill_dir:
            config: dict[str, str | bool | int | float | list[str]] = {"temp_directory": spill_dir}
            if memory_limit:
                config["memory_limit"] = memory_limit
            with duckdb.connect(str(out), config=config) as connection:
                return _run(connection, variables)
    except OSError as error:
        raise BenchError(f"{out} cannot be written: {error.strerror}") from error
    except duckdb.Error as error:
        out.unlink(missing_ok=True)
        raise BenchError(f"by hand: {first_line(error)}") from error


def _run(connection: duckdb.DuckDBPyConnection, variables: dict[str, str]) -> dict[str, float]:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = FALSE")
    for name, value in variables.items():
        connection.execute(f"SET VARIABLE {name} = $value", {"value": value})
    seconds: dict[str, float] = {}
    for file in _SQL_FILES:
        for statement in connection.extract_statements(file.read_text(encoding="utf-8")):
            started = _cpu_seconds()
            connection.execute(statement)
            made = _made(statement.query)
            seconds[made] = seconds.get(made, 0.0) + _cpu_seconds() - started
    return seconds


def _made(query: str) -> str:
    """Return which table or macro a statement makes or changes."""
    verbs = "CREATE(?: TEMP)?(?: TABLE| MACRO)|INSERT INTO|UPDATE|DELETE FROM|ALTER TABLE"
    found = re.search(rf"^(?:{verbs}) (\w+)", query, re.MULTILINE)
    return found[1] if found else query.split()[0]


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Run the command line; returns the exit code (2: the input is at fault, or the machine has too little room)."""
    parser = Parser(prog="python -m scripts.bench.by_hand", description=__doc__.split("\n\n")[0])
    parser.add_argument("data_dir", type=Path, metavar="DATA_DIR", help="folder with the Parquet files")
    parser.add_argument("out", type=Path, metavar="OUT.duckdb", help="database file to write, replaced if it is there")
    parser.add_argument("--memory-limit", metavar="AMOUNT", help="such as 8GB; what does not fit is spilled beside OUT")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the processor seconds of each table to FILE")
    given = parser.parse_args()
    try:
        seconds = make_tables(given.data_dir, given.out, given.memory_limit)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    if given.json:
        given.json.write_text(json.dumps(seconds, indent=2), encoding="utf-8")
    for name, spent in seconds.items():
        if spent >= 0.01:
            print(f"{spent:8.2f} s  {name}")
    print(f"{_cpu_seconds():8.2f} s  in all, to {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
