"""Measure how fast `make build` is, against the same tables made by hand: python -m scripts.bench.

All contestants run in turn, round after round, so that a busy machine slows all of them; what counts is the median of
processor seconds. Beside that: whether the tables by hand say the same, the funnel step alone against ClickHouse's
windowFunnel, and what one more day of events costs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from scripts import PROJECT_DIR
from scripts.arguments import Parser, positive
from scripts.bench.contestants import CONTESTANTS, Bench
from scripts.bench.measure import BenchError
from scripts.bench.report import as_json, print_report
from scripts.bench.worlds import event_files, world_of

_PLAIN_WIDTH = 140  # characters, where no terminal says how wide it is


def _contestants(text: str) -> tuple[str, ...]:
    given = text.split(",")
    if wrong := [name for name in given if name not in CONTESTANTS]:
        raise argparse.ArgumentTypeError(f"unknown: {wrong[0]!r}; there are {', '.join(CONTESTANTS)}")
    return tuple(name for name in CONTESTANTS if name in given)


def _arguments() -> argparse.Namespace:
    paragraphs = __doc__.split("\n\n")
    parser = Parser(prog="python -m scripts.bench", description=paragraphs[0], epilog=paragraphs[1])
    parser.add_argument("--events", type=positive, default=1_000_000, help="size of the world (default 1,000,000)")
    parser.add_argument("--data-dir", type=Path, metavar="FOLDER", help="measure on this data, in place of --events")
    parser.add_argument("--runs", type=positive, default=3, help="rounds (default 3)")
    parser.add_argument(
        "--only", type=_contestants, default=CONTESTANTS, metavar="LIST",
        help=f"some of {','.join(CONTESTANTS)} (default all); --only build is for worlds of 100 million events",
    )  # fmt: skip
    parser.add_argument("--hits", type=positive, default=20_000_000, help="of the funnel step (default 20,000,000)")
    parser.add_argument(
        "--memory-limit", metavar="AMOUNT", help="of build and by hand, such as 8GB; the rest is spilled"
    )
    parser.add_argument(
        "--worlds-dir", type=Path, default=PROJECT_DIR / ".bench", metavar="FOLDER",
        help="where worlds are kept, and databases while they are measured (default .bench)",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured to FILE")
    return parser.parse_args()


def main() -> int:
    """Run the command line; returns the exit code (1: by hand and build differ, 2: it could not be measured)."""
    given = _arguments()
    try:
        if given.json and not given.json.resolve().parent.is_dir():
            raise BenchError(f"--json {given.json}: its folder is not there")
        if given.data_dir and not event_files(given.data_dir):
            raise BenchError(f"--data-dir {given.data_dir} has no Parquet files below snowplow/events")
        given.worlds_dir.mkdir(parents=True, exist_ok=True)
        work_dir = Path(tempfile.mkdtemp(prefix="run-", dir=given.worlds_dir))
        try:
            data_dir = given.data_dir or world_of(given.events, given.worlds_dir)
            bench = Bench(data_dir.resolve(), given.worlds_dir, work_dir.resolve(), given.memory_limit, given.hits)
            results = bench.run(given.only, given.runs, Console(stderr=True))
        finally:
            shutil.rmtree(work_dir, ignore_errors=True)
        if given.json:
            given.json.write_text(json.dumps(as_json(results), indent=2) + "\n", encoding="utf-8")
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"bench: {error.filename or given.worlds_dir}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    print_report(results, Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH))
    return 1 if results.differences else 0


if __name__ == "__main__":
    sys.exit(main())
