"""The list of faults that no test catches, each with the reason why it may live."""

from __future__ import annotations

from pathlib import Path

import yaml

from scripts.mutate.outcome import Outcome

LIST = Path("tests") / "mutants_that_live.yml"


def read_list(project_dir: Path) -> dict[str, str]:
    """Return the reason of each listed fault."""
    return yaml.safe_load((project_dir / LIST).read_text(encoding="utf-8")) or {}


def wrong_entries(listed: dict[str, str], outcomes: dict[str, Outcome | None], known: set[str]) -> list[str]:
    """Say of each entry what is wrong with it: a list that is not true is worse than none."""
    wrong = []
    for name, reason in listed.items():
        if not str(reason or "").strip():
            wrong.append(f"{LIST}: give the reason why this may live: {name}")
        if name not in known:
            wrong.append(f"{LIST}: take this out, there is no such fault any more: {name}")
        elif name in outcomes and (outcome := outcomes[name]) is None:
            wrong.append(f"{LIST}: take this out, it is no query any more: {name}")
        elif name in outcomes and outcome.caught_by:
            wrong.append(f"{LIST}: take this out, {outcome.caught_by[0]} catches it: {name}")
    return wrong


def entries(outcomes: list[Outcome]) -> str:
    """Return the entries for these survivors, to be pasted once each has its reason."""
    return yaml.safe_dump(
        {outcome.name: outcome.note for outcome in outcomes}, allow_unicode=True, width=10_000, sort_keys=True
    )
