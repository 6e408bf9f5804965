"""`make export`: what is read back from the files is what the tables hold."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from scripts.export import export
from tests.worlds import PROJECT_DIR, World

ODD = """
SELECT * FROM (VALUES
    (1, NULL, NULL, NULL, NULL, NULL)
  , (2, '', TIMESTAMP '2026-03-29 01:59:59.999999', DATE '2024-02-29', 0.1 + 0.2, TRUE)
  , (2, '', TIMESTAMP '2026-03-29 01:59:59.999999', DATE '2024-02-29', 0.1 + 0.2, TRUE)
  , (3, 'a,"b"\nc\r\nd\te', TIMESTAMP '1970-01-01 00:00:00', DATE '1969-12-31', -1e300, FALSE)
  , (4, 'NULL', TIMESTAMP '2262-04-11 23:47:16.854775', DATE '9999-12-31', 5e-324, NULL)
  , (5, ' žluťoučký 🦆 ', TIMESTAMP '2026-10-25 02:30:00', DATE '2026-10-25', 9007199254740993.0, TRUE)
) AS odd (row_count, step_name, entered_at, entered_date, conversion_rate, is_converted)
"""


def run(warehouse_dir: Path, export_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WAREHOUSE_DIR": str(warehouse_dir), "EXPORT_DIR": str(export_dir)}
    command = [sys.executable, "-m", "scripts.export"]
    return subprocess.run(command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True)


def warehouse_of(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    with duckdb.connect(str(folder / "prod.duckdb")) as connection:
        connection.execute("CREATE SCHEMA product")
        for name, query in tables.items():
            connection.execute(f"CREATE TABLE product.{name} AS {query}")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_read_back_whole(warehouse_dir: Path, export_dir: Path) -> list[str]:
    """Compare every table with both of its files, row by row and type by type; return the tables' names."""
    with duckdb.connect(str(warehouse_dir / "prod.duckdb"), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        wanted = {f"{kind}/{name}.{kind}" for name in names for kind in ("parquet", "csv")}
        assert set(files(export_dir)) == wanted
        for name in names:
            columns = {row[0]: row[1] for row in connection.execute(f"DESCRIBE product.{name}").fetchall()}
            parquet = f"read_parquet('{export_dir}/parquet/{name}.parquet')"
            assert {row[0]: row[1] for row in connection.execute(f"DESCRIBE FROM {parquet}").fetchall()} == columns
            options = "header = true, auto_detect = false, allow_quoted_nulls = false, quote = '\"', escape = '\"'"
            csv = f"read_csv('{export_dir}/csv/{name}.csv', columns = {columns}, {options})"
            for written in (parquet, csv):
                for one, other in ((f"product.{name}", written), (written, f"product.{name}")):
                    missing = connection.execute(f"FROM {one} EXCEPT ALL FROM {other}").fetchall()
                    assert missing == [], f"in {one}, not in {other}"
    return names


def test_every_prod_table_is_read_back_as_it_is(committed: World, tmp_path: Path) -> None:
    outcome = run(committed.warehouse_dir, tmp_path / "export")
    assert (outcome.returncode, outcome.stderr) == (0, "")
    names = assert_read_back_whole(committed.warehouse_dir, tmp_path / "export")
    assert names == sorted(path.stem for path in (PROJECT_DIR / "models" / "prod").glob("*.sql"))
    for name in names:
        (line,) = [line for line in outcome.stdout.splitlines() if line.strip().startswith(f"{name} ")]
        (rows,) = committed.query(f"SELECT COUNT(*) AS row_count FROM product.{name}")
        assert f" {rows['row_count']:,} " in line
        assert line.count(" KB") == 2
    assert "Written: " in outcome.stdout


def test_odd_values_come_through(tmp_path: Path) -> None:
    warehouse_dir = warehouse_of(tmp_path / "warehouse", odd=ODD, empty=f"{ODD} LIMIT 0")
    assert export(warehouse_dir, tmp_path / "export") == {"empty": 0, "odd": 6}
    assert assert_read_back_whole(warehouse_dir, tmp_path / "export") == ["empty", "odd"]
    text = (tmp_path / "export" / "csv" / "odd.csv").read_bytes().decode()
    header, first, second = text.split("\n")[:3]
    assert header == "row_count,step_name,entered_at,entered_date,conversion_rate,is_converted"
    assert first == "1,,,,,"
    assert second.startswith('2,"",2026-03-29T01:59:59.999999Z,2024-02-29,')
    assert "🦆" in text
    assert (tmp_path / "export" / "csv" / "empty.csv").read_text(encoding="utf-8") == f"{header}\n"


def test_the_same_tables_give_the_same_bytes_and_what_is_gone_goes(tmp_path: Path) -> None:
    export(warehouse_of(tmp_path / "before", odd=ODD, gone=ODD), tmp_path / "export")
    export(warehouse_of(tmp_path / "forwards", odd=ODD), tmp_path / "export")
    forwards = files(tmp_path / "export")
    assert set(forwards) == {"parquet/odd.parquet", "csv/odd.csv"}
    export(warehouse_of(tmp_path / "backwards", odd=f"FROM ({ODD}) ORDER BY row_count DESC"), tmp_path / "export")
    assert files(tmp_path / "export") == forwards


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is not there: run `make build` first"),
        (b"no database\n" * 500, "cannot be read, run `make build` again ("),
    ],
)
def test_without_tables_the_files_before_stay(tmp_path: Path, content: bytes | None, words: str) -> None:
    export(warehouse_of(tmp_path / "good", odd=ODD), tmp_path / "export")
    before = files(tmp_path / "export")
    (tmp_path / "bad").mkdir()
    if content:
        (tmp_path / "bad" / "prod.duckdb").write_bytes(content)
    outcome = run(tmp_path / "bad", tmp_path / "export")
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert words in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert files(tmp_path / "export") == before
    assert sorted(path.name for path in (tmp_path / "export").iterdir()) == ["csv", "parquet"]


def test_files_that_are_none_of_an_export_s_are_not_lost(tmp_path: Path) -> None:
    warehouse_dir = warehouse_of(tmp_path / "warehouse", odd=ODD)
    beside, within = tmp_path / "mine" / "notes.txt", tmp_path / "mine" / "csv" / "notes.txt"
    within.parent.mkdir(parents=True)
    for file in (beside, within):
        file.write_text("mine", encoding="utf-8")
    outcome = run(warehouse_dir, tmp_path / "mine")
    assert outcome.returncode == 2
    assert outcome.stderr == f"{within} is none of an export's files, and would be lost: name another EXPORT_DIR\n"
    assert set(files(tmp_path / "mine")) == {"notes.txt", "csv/notes.txt"}
    within.unlink()
    assert run(warehouse_dir, tmp_path / "mine").returncode == 0
    assert set(files(tmp_path / "mine")) == {"notes.txt", "csv/odd.csv", "parquet/odd.parquet"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    warehouse_dir = warehouse_of(tmp_path / "warehouse", odd=ODD)
    (tmp_path / "file").touch()
    outcome = run(warehouse_dir, tmp_path / "file" / "export")
    assert outcome.returncode == 2
    assert outcome.stderr == f"EXPORT_DIR={tmp_path / 'file' / 'export'} cannot be written: Not a directory\n"
