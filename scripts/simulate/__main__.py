"""The command line: `python -m scripts.simulate --people 2000 --months 6 --seed 7 --out data`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scripts.arguments import Parser
from scripts.simulate.chunk import chunk_sizes, make_chunk
from scripts.simulate.files import staged, write_events, write_truth
from scripts.simulate.members import clients_table, members_table, select_members
from scripts.simulate.parquet import write_table
from scripts.simulate.parts import pack
from scripts.simulate.rates import DEFAULT_RATES, LATE_DAYS, Rates, listing, read_rate
from scripts.simulate.story import story
from scripts.simulate.tally import dirt_table, tally, tally_members
from scripts.simulate.truth import Truth, finish, tell
from scripts.simulate.tsv import write_enriched
from scripts.simulate.world import Calendar

# So many chunks are in memory at a time (about 65,000 people, 2.6 million events); each such part has files of its own.
CHUNKS_PER_PART = 16
MOST_PEOPLE = 10_000_000
MOST_MONTHS = 120
# No world reaches the year 2100, from which on the models take no time to be true.
LAST_START_YEAR = 2100 - MOST_MONTHS // 12 - 1
MOST_LATE_DAYS = 30


def simulate(
    people: int,
    calendar: Calendar,
    seed: int,
    out: Path,
    with_truth: bool = True,
    rates: Rates = DEFAULT_RATES,
    late_days: int = LATE_DAYS,
) -> int:
    """Write a world under `out` and return the number of events.

    `people` is the number of signup visitors; robots and staff come on top. What is late is loaded at most `late_days`
    days after collection. Same arguments, same bytes. Files that were there before are replaced; without truth, an old
    truth folder is removed, since it would be wrong.
    Raises OSError where `out` cannot be written.
    """
    sizes = chunk_sizes(people)
    truth, accounts, count = Truth(), [], 0
    dirt: Counter[str] = Counter()
    with staged(out) as folder, _progress(len(sizes)) as advance:
        for part, first in enumerate(range(0, len(sizes), CHUNKS_PER_PART)):
            worlds = []
            for chunk in range(first, min(first + CHUNKS_PER_PART, len(sizes))):
                world = make_chunk(seed, chunk, sizes[chunk], calendar, rates, late_days)
                accounts.append(select_members(world.people, calendar))
                if with_truth:
                    tell(truth, world, calendar)
                    dirt.update(tally(world, calendar))
                worlds.append(pack(world))
                advance()
            count += write_events(worlds, calendar, folder / "snowplow" / "events", part, is_quick=len(sizes) > 1)
        members = members_table(accounts, people, seed, calendar, rates)
        write_table(members, folder / "wellthy" / "members.parquet")
        write_table(clients_table(calendar), folder / "wellthy" / "clients.parquet")
        if with_truth:
            finish(truth)
            dirt.update(tally_members(members, sum(len(part["id"]) for part in accounts)))
            planted = story(people, seed, calendar, late_days)
            write_truth(truth, dirt_table(rates, dirt), planted, folder / "truth")
    return count


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on a terminal, nothing anywhere else."""
    columns = (TextColumn("chunks of people"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"not a whole number: {text!r}") from None
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"must be from {least:,} to {most:,}, not {number}")
        return number

    return read


def _first_of_month(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date like 2026-01-01: {text!r}") from None
    if day.day != 1 or not 2000 <= day.year <= LAST_START_YEAR:
        raise argparse.ArgumentTypeError(f"must be the first day of a month from 2000 to {LAST_START_YEAR}, not {text}")
    return day


def _rate(text: str) -> tuple[str, int]:
    try:
        return read_rate(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (2: bad arguments or an output folder that cannot be written)."""
    parser = Parser(
        prog="python -m scripts.simulate",
        description="Makes synthetic signup data.",
        epilog=listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=_whole(1, MOST_PEOPLE), default=2_000, help="signup visitors (default 2000)")
    parser.add_argument("--months", type=_whole(1, MOST_MONTHS), default=6, help="length of the world (default 6)")
    parser.add_argument("--seed", type=_whole(0, 2**63 - 1), default=7, help="same seed, same bytes (default 7)")
    parser.add_argument("--start", type=_first_of_month, default=date(2026, 1, 1), help="first day (2026-01-01)")
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder to write to (default data)")
    parser.add_argument(
        "--rate", type=_rate, action="append", default=[], metavar="KIND=RATE",
        help="a rate from 0 to 1 for a kind of dirt, say duplicates=0.05; the last one of a kind holds",
    )  # fmt: skip
    parser.add_argument(
        "--late-days", type=_whole(1, MOST_LATE_DAYS), default=LATE_DAYS,
        help="how many days late a load may be (default 3)",
    )  # fmt: skip
    parser.add_argument("--no-truth", action="store_true", help="leave the truth out (it is plain Python, and slow)")
    parser.add_argument("--tsv", type=Path, help="also write the events as enriched TSV to this folder")
    given = parser.parse_args(arguments)
    # Arrow's own allocator gives memory back and asks for it again with each row group; the system's one keeps it.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        calendar = Calendar(given.start, given.months)
        rates = Rates(**dict(given.rate))
        count = simulate(given.people, calendar, given.seed, given.out, not given.no_truth, rates, given.late_days)
        if given.tsv:
            write_enriched(given.out / "snowplow" / "events", given.tsv)
    except OSError as error:
        print(f"simulate: cannot write to {given.out}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("simulate: stopped, nothing was changed", file=sys.stderr)
        return 130
    print(f"{count:,} events of {given.people:,} people in {given.months} months written to {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
