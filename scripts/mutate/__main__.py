"""Seed faults one by one and report which test caught each, which survive, and which tests never catch any.

Faults are seeded into the models' queries (models), into what macros write of them (macros), into rows of built tables
(data), seeds and simulator, never into files of the working tree. Exit codes: 0 every fault is caught or listed in
tests/mutants_that_live.yml and every test catches one, 1 not, 2 no fault could be seeded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from scripts.dbt_run import code_fingerprint
from scripts.mutate.listed import entries, read_list, wrong_entries
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project
from scripts.mutate.run import Run, all_faults, chosen, seed_code
from scripts.mutate.simulator import code_faults
from scripts.mutate.worlds import PROJECT_DIR, MutateError, World, random_people, sample, worlds_as_built
from scripts.packages import PackagesError, provide_dbt_utils

LIMITS = {"models": 200, "macros": 60, "seeds": 30, "simulator": 20}
"""How many faults of each layer are seeded, unless told; of rows always all."""
LAYERS = (*LIMITS, "data")
_FOLDER = PROJECT_DIR / ".mutate"
_ROUND = 5  # more faults of its model that a unit test meets before it is looked whether it caught one


def build_worlds(tell: object) -> list[World]:
    """Build the sample and the random people, unless they are built already from the same code."""
    provide_dbt_utils(PROJECT_DIR)
    note, code = _FOLDER / "built_from.sha256", code_fingerprint(PROJECT_DIR)
    if not (note.is_file() and note.read_text(encoding="utf-8") == code):
        note.unlink(missing_ok=True)
        tell("building the sample and the random people with dbt", 0)
        sample(_FOLDER / "sample")
        random_people(_FOLDER / "random_people")
        note.write_text(code, encoding="utf-8")
    return worlds_as_built(_FOLDER)


class Findings:
    """What a run has found."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.useless: list[str] = []
        self.wrong: list[str] = []

    def survivors(self, listed: dict[str, str]) -> list[Outcome]:
        """Return what no test caught and the list does not name."""
        return [outcome for outcome in self.outcomes if not outcome.caught_by and outcome.name not in listed]


def find(layers: set[str], limit: int | None, seed: int, tell: object) -> Findings:
    """Seed the faults of these layers."""
    findings = Findings()
    listed = read_list(PROJECT_DIR)
    limits = {layer: LIMITS[layer] if limit is None else limit for layer in LIMITS}
    if layers & {"models", "macros", "seeds", "data"}:
        worlds = build_worlds(tell)
        project = worlds[0].project()
        with Run(worlds, tell) as run:
            _tables(project, run, layers, limits, seed, listed, findings)
    if "simulator" in layers:
        faults = list(code_faults(PROJECT_DIR))
        picked = chosen(faults, limits["simulator"], seed, lambda fault: fault.path)
        picked += [fault for fault in faults if fault.name in listed and fault not in picked]
        outcomes = seed_code(picked, tell)
        findings.outcomes += outcomes
        ours = {name: reason for name, reason in listed.items() if name.startswith("simulate/")}
        by_name = {outcome.name: outcome for outcome in outcomes}
        findings.wrong += wrong_entries(ours, by_name, {fault.name for fault in faults})
    return findings


def _tables(project, run, layers, limits, seed, listed, findings) -> None:
    every = [fault for fault in all_faults(project)]
    of_layers = [fault for fault in every if fault.layer in layers]
    picked = {
        fault.name
        for layer in limits
        for fault in chosen(
            (each for each in of_layers if each.layer == layer), limits[layer], seed, lambda fault: fault.place
        )
    }
    picked |= {fault.name for fault in of_layers if fault.name in listed}
    found = run.seed(sorted(picked))
    findings.outcomes += [outcome for outcome in found.values() if outcome]
    ours = {name: reason for name, reason in listed.items() if not name.startswith("simulate/")}
    if layers >= {"models", "macros", "seeds"}:
        findings.wrong += wrong_entries(ours, found, {fault.name for fault in every})
    if "data" in layers:
        shown = run.show([test.name for test in project.data_tests])
        findings.outcomes += shown
        seen = {name for outcome in shown for name in outcome.caught_by}
        findings.useless += [
            f"{test.path}: {test.name} found nothing in any spoilt table: mend it, delete it, or say in its config"
            " `meta: {guards: …}`"
            for test in project.data_tests
            if test.name not in seen and not test.guards
        ]
    if "models" in layers:
        findings.useless += _useless_unit_tests(project, run, seed, {*found}, findings)


def _useless_unit_tests(project: Project, run: Run, seed: int, met: set[str], findings: Findings) -> list[str]:
    """Let unit tests that caught none yet meet more faults of their model, until each has or none is left."""
    tests = {f"{model.short}::{test.name}": model for model in project.models for test in model.unit_tests}
    caught = {name for outcome in findings.outcomes for name in outcome.caught_by}
    left: dict[str, list[str]] = defaultdict(list)
    queries = (fault for fault in all_faults(project) if fault.layer in ("models", "macros"))
    for fault in chosen(queries, 0, seed, lambda fault: fault.place):
        if fault.name not in met:
            left[fault.place].append(fault.name)
    while more := {
        name
        for test, model in tests.items()
        if test not in caught
        for name in left[model.name][:_ROUND]
    }:
        caught |= run.unit_test(sorted(more))
        for own in left.values():
            own[:] = [name for name in own if name not in more]
    return [
        f"{model.path.replace('.sql', '.yml')}: unit test {name} passes with every fault of its model: sharpen it, or"
        " delete it"
        for name, model in tests.items()
        if name not in caught
    ]


def report(console: Console, findings: Findings, listed: dict[str, str], is_explained: bool, seconds: float) -> bool:
    """Print what was found, and return whether all is well."""
    grid = Grid("faults in", "seeded", "caught", "listed", "survive", "caught by", box=None, header_style="bold")
    for layer in LAYERS:
        outcomes = [outcome for outcome in findings.outcomes if outcome.layer == layer]
        if not outcomes:
            continue
        caught = [outcome for outcome in outcomes if outcome.caught_by]
        kinds: dict[str, int] = defaultdict(int)
        for outcome in caught:
            kinds[_kind(outcome.caught_by[0])] += 1
        live = [outcome for outcome in outcomes if not outcome.caught_by]
        named = sum(outcome.name in listed for outcome in live)
        grid.add_row(
            layer, str(len(outcomes)), f"{len(caught)} ({len(caught) / len(outcomes):.1%})", str(named),
            str(len(live) - named), ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())),
        )  # fmt: skip
    console.print(grid)
    survivors = findings.survivors(listed)
    for outcome in survivors:
        console.print(f"{outcome.path}: survives: {outcome.name}{f' ({outcome.note})' if outcome.note else ''}", style="red", markup=False)
    for line in [*findings.useless, *findings.wrong]:
        console.print(line, style="red", markup=False)
    if is_explained and survivors:
        console.print(entries(survivors), markup=False, soft_wrap=True)
    total, caught_count = len(findings.outcomes), sum(bool(outcome.caught_by) for outcome in findings.outcomes)
    if survivors:
        console.print("Write the test that catches it, or list it with its reason: --explain prints the entries")
    console.print(f"{caught_count} of {total} faults caught, {len(findings.useless)} useless tests, {seconds:.0f} s")
    return not (survivors or findings.useless or findings.wrong)


def _kind(test: str) -> str:
    if "::" in test:
        return "pytest" if test.startswith("tests/") else "unit test"
    return "build" if test.startswith(("build of", "contract of")) else "data test"


def main() -> None:
    """Read the options, seed, report."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="make mutate ARGS=…", description=description)
    parser.add_argument("--only", choices=LAYERS, action="append", help="the faults of this layer only; may be repeated")
    parser.add_argument("--limit", type=int, help=f"so many faults of each layer, 0 for every one (default: {LIMITS})")
    parser.add_argument("--all", action="store_const", const=0, dest="limit", help="every fault, the same as --limit 0")
    parser.add_argument("--seed", type=int, default=1, help="which faults are drawn (default: %(default)s)")
    parser.add_argument("--explain", action="store_true", help="print the survivors as entries of the list, to be pasted")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every fault with the tests that caught it")
    options = parser.parse_args()
    if options.limit is not None and options.limit < 0:
        parser.error("--limit: give 0 or more")

    console = Console(width=None if sys.stdout.isatty() else 200)
    errors, started = Console(stderr=True), time.monotonic()
    last = [0.0]

    def tell(what: str, done: int) -> None:
        if done == 0 or time.monotonic() - last[0] > 10:
            last[0] = time.monotonic()
            errors.print(f"{time.monotonic() - started:5.0f} s  {what}{f', {done} done' if done else ''}", markup=False)

    try:
        findings = find({*(options.only or LAYERS)}, options.limit, options.seed, tell)
    except (MutateError, PackagesError) as error:
        errors.print(f"error: {error}", style="red", markup=False)
        sys.exit(2)
    if options.json:
        options.json.write_text(
            json.dumps([asdict(outcome) for outcome in findings.outcomes], indent=1, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )
    is_well = report(console, findings, read_list(PROJECT_DIR), options.explain, time.monotonic() - started)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
