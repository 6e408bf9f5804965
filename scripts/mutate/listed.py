"""The list of faults that no test catches, each with the reason why it may live."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from scripts.mutate.outcome import Outcome

LIST = Path("tests") / "mutants_that_live.yml"


def read_list(project_dir: Path) -> dict[str, str]:
    """Return the reason of each listed fault."""
    groups = yaml.safe_load((project_dir / LIST).read_text(encoding="utf-8")) or {}
    return {name: reason for reason, names in groups.items() for name in names}


def wrong_entries(listed: Iterable[str], outcomes: Iterable[Outcome]) -> list[str]:
    """Say of each entry what is wrong with it: a list that is not true is worse than none."""
    by_name = {outcome.name: outcome for outcome in outcomes}
    wrong = []
    for name in listed:
        if name not in by_name:
            wrong.append(f"{LIST}: take this out, there is no such fault any more: {name}")
        elif caught_by := by_name[name].caught_by:
            wrong.append(f"{LIST}: take this out, {caught_by[0]} catches it: {name}")
    return wrong
