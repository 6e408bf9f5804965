"""Turn Snowplow's enriched events (TSV) into Parquet that `make build` reads.

Lines that are no event go to OUT/rejected.tsv, with file, line number and reason. Files are read in batches, so that
memory stays bounded however many there are.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.atomic import enriched_fields
from scripts.databases import literal, os_error
from scripts.enriched import typed_sql
from scripts.sources import declared_sources

_FIELD_COUNT = len(enriched_fields())
_BATCH_LINES = 20_000
_BATCH_BYTES = 32 << 20
_RUN = re.compile(r"run=(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)")
_STDIN = Path("-")


class TsvError(Exception):
    """Nothing was imported; the message says why and what to do."""


@dataclass(frozen=True)
class Line:
    """A line with 131 fields of UTF-8, without its end; loaded_at is None where its folder does not say it."""

    file: Path
    number: int
    text: str
    loaded_at: str | None


@dataclass(frozen=True)
class Rejected:
    """A line that is no event."""

    file: Path
    number: int
    reason: str


@dataclass
class Batch:
    """Some thousand lines, of one file or several."""

    lines: list[Line] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    byte_count: int = 0

    def add(self, file: Path, number: int, line: bytes, loaded_at: str | None) -> None:
        """Take a line in; empty ones count for nothing."""
        self.byte_count += len(line)
        content = line.rstrip(b"\r\n")
        if not content:
            return
        count = content.count(b"\t") + 1
        if count != _FIELD_COUNT:
            self.rejected.append(Rejected(file, number, f"{count} fields in place of {_FIELD_COUNT}"))
            return
        try:
            self.lines.append(Line(file, number, content.decode("utf-8"), loaded_at))
        except UnicodeDecodeError as error:
            self.rejected.append(Rejected(file, number, f"no UTF-8 at byte {error.start + 1}"))


@dataclass
class Tally:
    """How many lines were read, and what became of them."""

    written_count: int = 0
    rejected_count: int = 0

    @property
    def read_count(self) -> int:
        """All lines that are not empty."""
        return self.written_count + self.rejected_count


def import_files(files: list[Path], out: Path, console: Console) -> Tally:
    """Write the events of enriched TSV files as Parquet, in the place of those that `out` had before.

    Files ending in .gz are unpacked; `-` is standard input. An event's load time is that of its folder
    (run=2026-01-31-10-00-00), or else the time of its enrichment.

    Raises:
        TsvError: a file cannot be read, `out` not be written, or there is no event.
    """
    tally = Tally()
    first_bad: Rejected | None = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".import-", dir=out) as name, _progress(files, console) as advance:
            staging = Path(name)
            (staging / "events").mkdir()
            with (
                (staging / "rejected.tsv").open("w", encoding="utf-8", newline="") as log,
                duckdb.connect() as connection,
            ):
                rejected = csv.writer(log, delimiter="\t", lineterminator="\n")
                rejected.writerow(["file", "line", "reason"])
                sql = typed_sql(_structures())
                for number, batch in enumerate(_batches(files)):
                    part = staging / "events" / f"{number:06d}.parquet"
                    bad = [*batch.rejected, *_write(connection, sql, batch.lines, part)]
                    rejected.writerows([each.file, each.number, each.reason] for each in bad)
                    first_bad = first_bad or next(iter(bad), None)
                    tally.written_count += len(batch.lines) + len(batch.rejected) - len(bad)
                    tally.rejected_count += len(bad)
                    advance(batch.byte_count)
            if not tally.written_count:
                raise TsvError(f"{_without_event(files, tally, first_bad)}; nothing was changed")
            _swap(staging, out)
    except duckdb.IOException as error:
        raise TsvError(f"{out} cannot be written: {os_error(error).strerror}; nothing was changed") from error
    except OSError as error:
        is_read = error.filename in map(str, files)
        place = f"{error.filename} cannot be read" if is_read else f"{out} cannot be written"
        raise TsvError(f"{place}: {error.strerror}; nothing was changed") from error
    return tally


def _without_event(files: list[Path], tally: Tally, first_bad: Rejected | None) -> str:
    if first_bad is None:
        return f"{files[0]}{f' and {len(files) - 1} more' if len(files) > 1 else ''}: there is no line to read"
    place = f"line {first_bad.number} of {first_bad.file}"
    return f"none of {tally.read_count:,} lines is an enriched event ({place}: {first_bad.reason})"


def _structures() -> dict[str, str]:
    """Return the contexts and self-describing events that models read, with their types."""
    events = declared_sources(PROJECT_DIR)[0]
    return {name: kind for name, kind in events.types.items() if name.startswith(("contexts_", "unstruct_event_"))}


def _batches(files: list[Path]) -> Iterator[Batch]:
    batch = Batch()
    for file in files:
        run = _RUN.search(file.as_posix())
        loaded_at = f"{run[1]} {run[2]}:{run[3]}:{run[4]}" if run else None
        with _opened(file) as lines:
            for number, line in enumerate(lines, 1):
                batch.add(file, number, line, loaded_at)
                if len(batch.lines) >= _BATCH_LINES or batch.byte_count >= _BATCH_BYTES:
                    yield batch
                    batch = Batch()
    yield batch


@contextmanager
def _opened(file: Path) -> Iterator[Iterable[bytes]]:
    if file == _STDIN:
        yield sys.stdin.buffer
        return
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
            yield lines
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise OSError(0, f"no whole gzip file ({error})", str(file)) from error


def _write(connection: duckdb.DuckDBPyConnection, sql: str, lines: list[Line], part: Path) -> list[Rejected]:
    """Write the lines' events to a Parquet file, and return the lines that are none."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE lines AS SELECT UNNEST(RANGE(?)) AS number"
        ", UNNEST(CAST(? AS VARCHAR[])) AS text, UNNEST(CAST(? AS TIMESTAMP WITH TIME ZONE[])) AS loaded_at",
        [len(lines), [line.text for line in lines], [line.loaded_at for line in lines]],
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE typed AS {sql}")
    events = "SELECT * EXCLUDE (number, reason) FROM typed WHERE reason IS NULL ORDER BY number"
    connection.execute(f"COPY ({events}) TO {literal(part)} (FORMAT parquet, COMPRESSION zstd)")
    found = connection.execute("SELECT number, reason FROM typed WHERE reason IS NOT NULL ORDER BY number").fetchall()
    return [Rejected(lines[at].file, lines[at].number, reason) for at, reason in found]


def _swap(staging: Path, out: Path) -> None:
    events = out / "snowplow" / "events"
    events.parent.mkdir(exist_ok=True)
    if events.exists():
        os.replace(events, staging / "old")
    os.replace(staging / "events", events)
    os.replace(staging / "rejected.tsv", out / "rejected.tsv")


@contextmanager
def _progress(files: list[Path], console: Console) -> Iterator[Callable[[int], Any]]:
    """A progress bar by bytes on a terminal; unknown totals of packed files and standard input just run."""
    is_known = all(file != _STDIN and file.suffix != ".gz" for file in files)
    total = sum(file.stat().st_size for file in files) if is_known else None
    columns = (TextColumn("importing"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda byte_count: bar.advance(task, byte_count)


def found_files(source: Path) -> list[Path]:
    """Return the file itself, or every file of a folder in order, without hidden ones and markers such as _SUCCESS.

    Raises:
        TsvError: there is none, or a folder cannot be read.
    """
    if source == _STDIN or source.is_file():
        return [source]
    files = []
    for folder, _, names in os.walk(source, onerror=_refuse):
        files += [Path(folder, name) for name in names if name[0] not in "._" and Path(folder, name).is_file()]
    files.sort()
    if not files:
        raise TsvError(f"{source} is no file, and no folder with files: name the enriched TSV, or - for standard input")
    return files


def _refuse(error: OSError) -> None:
    """A folder that cannot be read is no empty one."""
    if not isinstance(error, FileNotFoundError):
        raise TsvError(f"{error.filename} cannot be read: {error.strerror}") from error


def main() -> int:
    """Run `python -m scripts.import_tsv`."""
    parser = Parser(prog="python -m scripts.import_tsv", description=__doc__.splitlines()[0])
    parser.add_argument(
        "source", type=Path, help="a file, plain or .gz, a folder of such files, or - for standard input"
    )
    parser.add_argument("--out", type=Path, required=True, help="the data folder: events go to OUT/snowplow/events")
    given = parser.parse_args()
    try:
        tally = import_files(found_files(given.source), given.out, Console(stderr=True))
    except TsvError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"Stopped ({given.out} stays as it was)", file=sys.stderr)
        return 130
    events = given.out / "snowplow" / "events"
    print(f"{tally.read_count:,} lines read, {tally.written_count:,} events written to {events}")
    if tally.rejected_count:
        print(f"{tally.rejected_count:,} lines rejected: {given.out / 'rejected.tsv'} says which and why")
    return 0


if __name__ == "__main__":
    sys.exit(main())
