"""See what a change does to the funnel, to every model and to every column, before it is merged.

Both revisions are built from the same data under .review/: the merge base with BASE, and the working tree with its
uncommitted changes. Exit codes: 0 within limits, 1 a limit of review.yml is broken, 2 the review cannot begin, 3 the
change does not build or fails a test that passed before, 4 the base does not build.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
import webbrowser
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
from rich.console import Console

from scripts import PROJECT_DIR
from scripts.arguments import Parser, is_on
from scripts.databases import attach
from scripts.dbt_run import Failure, MachineError, memory_limit
from scripts.packages import PackagesError, provide_dbt_utils
from scripts.review.as_json import to_json
from scripts.review.changes import model_changes
from scripts.review.findings import ModelChange, Review
from scripts.review.gates import HEADLINE_GATES, held, measured, of_metrics
from scripts.review.markdown import markdown
from scripts.review.metrics import funnel_steps, headlines, slice_that_moved, team_metrics
from scripts.review.page import html
from scripts.review.prediction import predicted
from scripts.review.settings import Settings, read_settings
from scripts.review.sides import Side, UsageError, data_fingerprint, merge_base, start_base, start_head
from scripts.review.terminal import print_review
from scripts.review.wording import without_values
from scripts.source_checks import check_data_dir
from scripts.sources import SourceError, declared_sources

REVIEW_DIR = PROJECT_DIR / ".review"
_DATABASES = ("prep", "prod")


def review(base: str, data_dir: Path, only: str) -> Review:
    """Build the merge base with `base` and the working tree, compare them, and return everything there is to say.

    Raises:
        UsageError, SourceError, PackagesError, MachineError: the review cannot begin.
    """
    commit = merge_base(PROJECT_DIR, base)
    fingerprint = _checked_data(data_dir)

    def start() -> Iterator[Side]:
        label = f"{base} at {commit[:7]}"
        base_side = start_base(PROJECT_DIR, REVIEW_DIR / "base", commit, label, data_dir, fingerprint)
        yield base_side
        yield start_head(PROJECT_DIR, REVIEW_DIR / "head", data_dir, base_side)

    return _reviewed(start(), f"{data_dir} ({fingerprint})", f"make review BASE={commit[:12]}", only)


def review_itself(data_dir: Path) -> Review:
    """Build the working tree twice and compare: whatever differs is not deterministic, and fails.

    Raises:
        UsageError, SourceError, PackagesError, MachineError: the review cannot begin.
    """
    fingerprint = _checked_data(data_dir)
    sides = (start_head(PROJECT_DIR, REVIEW_DIR / name, data_dir) for name in ("itself", "head"))
    said = _reviewed(sides, f"{data_dir} ({fingerprint})", "make review-aa", only="")
    return replace(said, verdict="FAIL", exit_code=1) if said.verdict == "CHANGED" else said


def _checked_data(data_dir: Path) -> str:
    """Make sure that both sides can be built from the folder, and return its fingerprint."""
    if os.environ.get("MEMORY_LIMIT"):
        os.environ["MEMORY_LIMIT"] = memory_limit()
    check_data_dir(data_dir, declared_sources(PROJECT_DIR))
    provide_dbt_utils(PROJECT_DIR)
    return data_fingerprint(data_dir)


def _reviewed(starting: Iterable[Side], data: str, command: str, only: str) -> Review:
    started = time.monotonic()
    settings = read_settings(PROJECT_DIR)
    base, head = _built(starting)
    said = Review("ERROR", 2, base.label, head.label, data, reproduce=(command,))
    done = _unbuilt(said, base, head) or _compared(said, base, head, settings, only)
    return replace(done, seconds=time.monotonic() - started)


def _built(starting: Iterable[Side]) -> list[Side]:
    """Start both sides, so that they are built at once, and wait for them; when stopped, neither goes on."""
    sides: list[Side] = []
    try:
        sides.extend(starting)
        for side in sides:
            side.wait()
    finally:
        for side in sides:
            side.stop()
    return sides


def _unbuilt(said: Review, base: Side, head: Side) -> Review | None:
    """Return the review of two sides of which one did not build, or None."""
    for side, exit_code in ((base, 4), (head, 3)):
        failed = [failure for node, failure in side.failed.items() if node.split(".")[0] in ("model", "seed")]
        if side.problem or failed:
            return _with_problem(
                replace(said, exit_code=exit_code), failed, f"{side.label} does not build: {side.problem}"
            )
    return None


def _compared(said: Review, base: Side, head: Side, settings: Settings, only: str) -> Review:
    with duckdb.connect() as connection:
        for name, side in (("base", base), ("head", head)):
            for database in _DATABASES:
                attach(connection, side.warehouse_dir / f"{database}.duckdb", f"{name}_{database}")
        models, lineage = predicted(connection, model_changes(connection, base, head, settings), base, head)
        lines = headlines(connection)
        own = team_metrics(connection, settings.metrics)
        found = [(what, settings.limits[what.gate]) for what in measured(lines, models)]
        gates, unused = held([*found, *of_metrics(own, settings)], settings)
        broken = {(gate.name, gate.of) for gate in gates if gate.status != "passed"}
        metrics = [
            replace(metric, slice_that_moved=slice_that_moved(connection, funnel, column))
            if (HEADLINE_GATES.get(column), funnel) in broken
            else metric
            for (funnel, column), metric in lines.items()
        ]
        steps = funnel_steps(connection)
    newly_failed = [failure for node, failure in head.failed.items() if node not in base.failed]
    exit_code = 3 if newly_failed else int(any(gate.status == "failed" for gate in gates))
    has_moved = any(model.has_moved for model in models)
    compared = replace(
        said,
        verdict="FAIL" if exit_code else "CHANGED" if has_moved else "PASS",
        exit_code=exit_code,
        gates=gates,
        funnel=steps,
        metrics=(*metrics, *own),
        models=_selected(models, head, only),
        lineage=lineage,
        unused_expectations=unused,
    )
    return _with_problem(compared, newly_failed)


def _with_problem(review: Review, failed: list[Failure], before: str = "") -> Review:
    return replace(
        review,
        problem=before + "\n".join(map(str, failed)),
        problem_without_values=before + "\n".join(failure.without_values for failure in failed),
    )


def _selected(models: tuple[ModelChange, ...], head: Side, only: str) -> tuple[ModelChange, ...]:
    """Return the models that ONLY names: `model`, or `model+` with everything that reads it."""
    if not only:
        return models
    name = only.removesuffix("+")
    if name not in {model.name for model in models}:
        raise UsageError(f"ONLY={only}: there is no model or seed named {name}")
    wanted, children = {name}, head.manifest["child_map"]
    if only.endswith("+"):
        waiting = [node for node in children if node.split(".")[-1] == name]
        while waiting:
            node = waiting.pop()
            wanted.add(node.split(".")[-1])
            waiting += [child for child in children.get(node, []) if child.split(".")[-1] not in wanted]
    return tuple(model for model in models if model.name in wanted)


def main() -> int:
    """Run `python -m scripts.review`."""
    parser = Parser(prog="python -m scripts.review", description=__doc__.splitlines()[0])
    parser.add_argument("--base", default=os.environ.get("BASE") or "main", help="branch or commit (default: main)")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("DATA_DIR") or "data", help="default: data")
    parser.add_argument(
        "--only", default=os.environ.get("ONLY", ""), help="show one model, or `model+` and its readers"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--aa", action="store_true", help="the working tree against itself: nothing may differ")
    parser.add_argument(
        "--values",
        action=argparse.BooleanOptionalAction,
        default={"0": False, "1": True}.get(os.environ.get("VALUES", "")),
        help="show values of rows in the Markdown too, or nowhere (default: in all but the Markdown)",
    )
    given = parser.parse_args()
    console = Console()
    try:
        with console.status("Building both sides") if console.is_terminal else contextlib.nullcontext():
            data_dir = given.data_dir.resolve()
            said = review_itself(data_dir) if given.aa else review(given.base, data_dir, given.only)
    except (UsageError, SourceError, PackagesError, MachineError) as error:
        print(f"{error}\nreview: ERROR (exit 2)", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the base that was built before stays in .review/", file=sys.stderr)
        return 130
    if given.values is False:
        said = without_values(said)
    (REVIEW_DIR / "review.json").write_text(to_json(said), encoding="utf-8")
    (REVIEW_DIR / "review.md").write_text(markdown(said, given.values is True), encoding="utf-8")
    (REVIEW_DIR / "review.html").write_text(html(said), encoding="utf-8")
    if given.open or is_on(os.environ.get("OPEN")):
        webbrowser.open((REVIEW_DIR / "review.html").as_uri())
    print_review(said, console)
    return said.exit_code


if __name__ == "__main__":
    sys.exit(main())
