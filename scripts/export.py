"""Write the prod tables for whoever has no DuckDB, as EXPORT_DIR/parquet/*.parquet and as EXPORT_DIR/csv/*.csv.

CSV is UTF-8 with a header; timestamps are ISO 8601 in UTC, NULL is empty and an empty text is `""`.
Exit codes: 0 written, 2 not; then the files of the export before stay as they were.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from scripts.arguments import Parser
from scripts.databases import DatabaseError, literal, number_of, opened, os_error

_FORMATS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER, DATEFORMAT '%Y-%m-%d', TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'",
}
_TABLES = """
SELECT table_name FROM duckdb_tables() WHERE database_name = 'prod' AND schema_name = 'product' ORDER BY table_name
"""


class ExportError(Exception):
    """Nothing was exported; the message says why and what to do."""


def export(warehouse_dir: Path, export_dir: Path) -> dict[str, int]:
    """Write every prod table of `warehouse_dir` in both formats, and return how many rows each has.

    The files are written aside and take the place of the two folders only when all of them are whole.

    Raises:
        ExportError: there are no tables, the folder cannot be written, or holds files that no export wrote.
    """
    _check_replaceable(export_dir)
    unfinished = export_dir / ".unfinished"
    try:
        with opened(warehouse_dir / "prod.duckdb") as connection:
            tables = [table for (table,) in connection.execute(_TABLES).fetchall()]
            if not tables:
                raise ExportError(f"{warehouse_dir / 'prod.duckdb'} has no tables: run `make build` first")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            row_counts = _write(connection, tables, unfinished)
        for name in _FORMATS:
            if (export_dir / name).exists():
                (export_dir / name).rename(unfinished / f"old_{name}")
            (unfinished / name).rename(export_dir / name)
    except DatabaseError as error:
        raise ExportError(str(error)) from error
    except OSError as error:
        raise ExportError(f"EXPORT_DIR={export_dir} cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return row_counts


def _check_replaceable(export_dir: Path) -> None:
    for name in _FORMATS:
        for path in (export_dir / name).glob("*"):
            if path.suffix != f".{name}" or not path.is_file():
                raise ExportError(f"{path} is none of an export's files, and would be lost: name another EXPORT_DIR")


def _write(connection: duckdb.DuckDBPyConnection, tables: list[str], folder: Path) -> dict[str, int]:
    """Write all tables into a folder per format, their rows in one order whatever wrote them."""
    row_counts = {}
    for name in _FORMATS:
        (folder / name).mkdir()
    for table in tables:
        for name, options in _FORMATS.items():
            path = folder / name / f"{table}.{name}"
            rows = f'SELECT * FROM prod.product."{table}" ORDER BY ALL'
            try:
                row_counts[table] = number_of(connection, f"COPY ({rows}) TO {literal(path)} ({options})")
            except duckdb.IOException as error:
                if str(folder) not in str(error):
                    raise
                raise os_error(error) from error
    return row_counts


def _print(row_counts: dict[str, int], export_dir: Path, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("prod.product.", no_wrap=True)
    for name in ("rows", *_FORMATS):
        table.add_column(name, justify="right", no_wrap=True)
    for name, rows in row_counts.items():
        sizes = ((export_dir / folder / f"{name}.{folder}").stat().st_size for folder in _FORMATS)
        table.add_row(name, f"{rows:,}", *(f"{size / 1024:,.0f} KB" for size in sizes))
    console.print(table, highlight=False)
    folders = ", ".join(str(export_dir / name) for name in _FORMATS)
    console.print(f"Written: {folders}", soft_wrap=True, highlight=False)


def main() -> None:
    """Export and print what was written; exit with 2 when nothing was."""
    Parser(
        prog="python -m scripts.export",
        description="Write the prod tables as Parquet and as CSV.",
        epilog="WAREHOUSE_DIR names the folder of the databases, EXPORT_DIR where to write (default: export).",
    ).parse_args()
    export_dir = Path(os.environ.get("EXPORT_DIR") or "export")
    try:
        row_counts = export(Path(os.environ.get("WAREHOUSE_DIR") or "warehouse"), export_dir)
    except ExportError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    _print(row_counts, export_dir, Console())


if __name__ == "__main__":
    main()
