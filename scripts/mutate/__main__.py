"""Seed faults one by one and report which test caught each, which survive, and which tests catch none.

Faults are seeded into the models' queries with what macros write of them, into seeds, into rows of built tables (data)
and into the simulator, never into files of the working tree. Exit codes: 0 every fault is caught or listed in
tests/mutants_that_live.yml and every test catches one, 1 not, 2 no fault could be seeded.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Collection

from rich.console import Console
from rich.table import Table as Grid

from scripts import PROJECT_DIR
from scripts.arguments import Parser
from scripts.mutate.listed import LIST, read_list, wrong_entries
from scripts.mutate.models import idle_unit_tests
from scripts.mutate.outcome import Outcome
from scripts.mutate.run import Progress, all_faults, chosen, seed_all
from scripts.mutate.worlds import MutateError, built_worlds
from scripts.packages import PackagesError, provide_dbt_utils

DRAWN = {"models": 400, "seeds": 20, "data": None, "simulator": 12}
"""How many faults are drawn of each layer, unless all are asked for; None: every one."""


def seed(only: str, takes_all: bool, listed: Collection[str], tell: Progress) -> tuple[list[Outcome], list[str]]:
    """Seed the faults whose name has this text; return what came of them and the unit tests that notice none."""
    tell("building the sample and the random people, unless they are built", 0)
    provide_dbt_utils(PROJECT_DIR)
    with built_worlds(PROJECT_DIR / ".mutate") as worlds:
        project = worlds[0].project()
        faults = [fault for fault in all_faults(project) if only in fault.name]
        if not faults:
            raise MutateError(f"no fault has {only!r} in its name: give that of a model, seed or test, or a part of it")
        names = [fault.name for fault in faults if fault.name in listed]
        for layer, limit in DRAWN.items():
            drawn = chosen((fault for fault in faults if fault.layer == layer), None if takes_all else limit)
            names += [fault.name for fault in drawn if fault.name not in listed]
        outcomes = seed_all(worlds, names, listed, tell)
    tell("looking for unit tests that notice no fault of their model", 0)
    awake = {name for outcome in outcomes for name in outcome.caught_by}
    return outcomes, [] if only else [*idle_unit_tests(project, awake)]


def report(console: Console, outcomes: list[Outcome], listed: Collection[str]) -> list[Outcome]:
    """Print what was found by layer, and return what survives and is not listed."""
    grid = Grid("faults in", "seeded", "caught", "listed", "survive", "caught by", box=None, header_style="bold")
    for layer in DRAWN:
        own = [outcome for outcome in outcomes if outcome.layer == layer]
        caught = [outcome for outcome in own if outcome.caught_by]
        named = sum(outcome.name in listed for outcome in own)
        kinds = Counter(_kind(outcome.caught_by[0]) for outcome in caught)
        by = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        share = f"{len(caught)} ({len(caught) / len(own):.1%})" if own else "0"
        grid.add_row(layer, str(len(own)), share, str(named), str(len(own) - len(caught) - named), by)
    console.print(grid)
    return [outcome for outcome in outcomes if not outcome.caught_by and outcome.name not in listed]


def _kind(test: str) -> str:
    if "::" in test:
        return "pytest" if test.startswith("tests/") else "unit test"
    return "build" if test.startswith(("build of", "contract of")) else "data test"


def main() -> None:
    """Read the options, seed, report."""
    description = (__doc__ or "").partition("\n")[0]
    parser = Parser(prog="make mutate ARGS=…", description=description)
    parser.add_argument("--all", action="store_true", help="every fault, not some of each place")
    parser.add_argument("--only", default="", metavar="TEXT", help="faults with this text in their name")
    options = parser.parse_args()
    started, told = time.monotonic(), 0.0
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False, soft_wrap=True)
    errors = Console(stderr=True)

    def tell(what: str, done: int) -> None:
        nonlocal told
        if done == 0 or time.monotonic() - told > 10:
            told = time.monotonic()
            errors.print(f"{told - started:5.0f} s  {what}{f', {done} done' if done else ''}", markup=False)

    listed = read_list(PROJECT_DIR)
    try:
        outcomes, idle = seed(options.only, options.all, listed, tell)
    except (MutateError, PackagesError) as error:
        errors.print(f"error: {error}", style="red", markup=False)
        sys.exit(2)
    survivors = report(console, outcomes, listed)
    wrong = [] if options.only else wrong_entries(listed, outcomes)
    for outcome in survivors:
        console.print(
            f"{outcome.path}: survives: {outcome.name}{f' ({outcome.note})' if outcome.note else ''}", markup=False
        )
    for line in [*idle, *wrong]:
        console.print(line, markup=False)
    if survivors:
        console.print(f"Write the test that catches it, or list it in {LIST} with its reason")
    caught = sum(bool(outcome.caught_by) for outcome in outcomes)
    console.print(
        f"{caught} of {len(outcomes)} faults caught, {len(outcomes) - caught - len(survivors)} listed,"
        f" {len(survivors)} survive, {len(idle)} unit tests catch none, {time.monotonic() - started:.0f} s"
    )
    sys.exit(1 if survivors or idle or wrong else 0)


if __name__ == "__main__":
    main()
