"""Seed faults one by one and report which test caught each, which survive, and which tests catch none.

Faults are seeded into the models' queries with what macros write of them, into seeds, into rows of built tables (data)
and into the simulator, never into files of the working tree. Exit codes: 0 every fault is caught or
listed in tests/mutants_that_live.yml and every test catches one, 1 not, 2 no fault could be seeded.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table as Grid

from scripts.mutate.listed import LIST, read_list, wrong_entries
from scripts.mutate.models import QueryFault, idle_unit_tests
from scripts.mutate.outcome import Outcome
from scripts.mutate.run import Progress, chosen, seed_code, seed_tables, table_faults
from scripts.mutate.seeds import SeedFault
from scripts.mutate.simulator import code_faults
from scripts.mutate.worlds import PROJECT_DIR, MutateError, built_worlds
from scripts.packages import PackagesError, provide_dbt_utils

QUERY_FAULTS, SEED_FAULTS, CODE_FAULTS = 400, 20, 12
"""How many faults are drawn of queries, seeds and simulator, unless all are asked for; of rows always all."""
LAYERS = ("models", "seeds", "data", "simulator")


def seed(only: str, takes_all: bool, listed: Iterable[str], tell: Progress) -> tuple[list[Outcome], list[str]]:
    """Seed the faults whose name has this text; return what came of them and the unit tests that notice none."""
    tell("building the sample and the random people, unless they are built", 0)
    provide_dbt_utils(PROJECT_DIR)
    worlds = built_worlds(PROJECT_DIR / ".mutate")
    project = worlds[0].project()
    every = [fault for fault in table_faults(project) if only in fault.name]
    queries = [fault for fault in every if isinstance(fault, QueryFault)]
    seeds = [fault for fault in every if isinstance(fault, SeedFault)]
    code = [fault for fault in code_faults(PROJECT_DIR) if only in fault.name]
    if not takes_all:
        queries = chosen(queries, QUERY_FAULTS, lambda fault: fault.query.model.name)
        seeds = chosen(seeds, SEED_FAULTS, lambda fault: fault.name.partition(": ")[2])
        code = chosen(code, CODE_FAULTS, lambda fault: fault.path)
    names = {each.name for each in queries} | {each.name for each in seeds}
    names |= {each.name for each in every if each.name in listed}
    tests = [test.name for test in project.data_tests if only in test.name and not test.guards]
    outcomes = seed_tables(worlds, sorted(names), tests, listed, tell)
    outcomes += seed_code(code, tell)
    tell("unit tests that notice no fault of their model", 0)
    awake = {name for outcome in outcomes for name in outcome.caught_by}
    return outcomes, [] if only else [*idle_unit_tests(project, awake)]


def report(console: Console, outcomes: list[Outcome], listed: Iterable[str]) -> list[Outcome]:
    """Print what was found by layer, and return what survives and is not listed."""
    grid = Grid("faults in", "seeded", "caught", "listed", "survive", "caught by", box=None, header_style="bold")
    for layer in LAYERS:
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
    parser = argparse.ArgumentParser(prog="make mutate ARGS=…", description=description)
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
