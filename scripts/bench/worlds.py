"""The worlds that the benchmark runs on: simulated once, reused ever after; and a world whose last day comes later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scripts import PROJECT_DIR
from scripts.bench.measure import BenchError, last_line

EVENTS_PER_PERSON = 40
_EVENTS = Path("snowplow") / "events"


def world_of(event_count: int, worlds_dir: Path) -> Path:
    """Return the data folder of a world of about so many events, simulated if it is not there yet.

    Raises:
        BenchError: it cannot be simulated.
    """
    people = max(1, round(event_count / EVENTS_PER_PERSON))
    data_dir = worlds_dir / f"world-{people}"
    if event_files(data_dir):
        return data_dir
    arguments = ["--people", str(people), "--months", "12", "--no-truth", "--seed", "3", "--out", str(data_dir)]
    command = [sys.executable, "-m", "scripts.simulate", *arguments]
    outcome = subprocess.run(command, cwd=PROJECT_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if outcome.returncode != 0:
        raise BenchError(f"the world cannot be simulated: {last_line(outcome.stderr)}")
    return data_dir


def event_files(data_dir: Path) -> list[Path]:
    """Return the Parquet files of events below a data folder, in order; none where there are none."""
    return sorted(path for path in (data_dir / _EVENTS).glob("**/*.parquet") if path.is_file())


def event_count(data_dir: Path) -> int:
    """Return the number of delivered events of a world, as the metadata of its files say."""
    return sum(pq.read_metadata(path).num_rows for path in event_files(data_dir))


def split_last_day(data_dir: Path, out: Path) -> tuple[Path, Path]:
    """Write a world into `out` without the last day of loads, and that day into a file of its own beside it.

    Files without a load of that day are linked. Returns the data folder of the history, and the file of the day.

    Raises:
        BenchError: all loads are of one day.
    """
    history, day_file = out / "history", out / "last_day.parquet"
    loads = {path: _loads(path) for path in event_files(data_dir)}
    last = max(newest for _, newest in loads.values())
    day_start = datetime(last.year, last.month, last.day, tzinfo=timezone.utc)
    if all(oldest >= day_start for oldest, _ in loads.values()):
        raise BenchError(f"{data_dir} was loaded on one day: there is no history to add a day to")
    with _Writer(day_file) as day:
        for path, (_, newest) in loads.items():
            target = history / path.relative_to(data_dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            if newest < day_start:
                _link(path, target)
                continue
            with _Writer(target) as before, pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    rows = file.read_row_group(group)
                    is_old = pc.less(rows["load_tstamp"], day_start)
                    before.write(rows.filter(is_old))
                    day.write(rows.filter(pc.invert(is_old)))
    if (data_dir / "wellthy").is_dir():
        shutil.copytree(data_dir / "wellthy", history / "wellthy", copy_function=_link)
    return history, day_file


def day_in(history: Path) -> Path:
    """Return where the file of the last day belongs in the history's data folder."""
    return history / _EVENTS / "last_day.parquet"


class _Writer:
    """A Parquet file that is only there if rows were written to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer:
            self._writer.close()

    def write(self, rows: pa.Table) -> None:
        """Add rows, a table of Arrow; none are ignored."""
        if not rows.num_rows:
            return
        if not self._writer:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, rows.schema, compression="zstd")
        self._writer.write_table(rows)


def _loads(path: Path) -> tuple[datetime, datetime]:
    """Return the oldest and the newest load of a file."""
    found = pc.min_max(pq.read_table(path, columns=["load_tstamp"])["load_tstamp"]).as_py()
    return found["min"], found["max"]


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
