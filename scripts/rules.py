"""List every rule and example of docs/semantics.md with the tests that hold it: `python -m scripts.rules`.

A test holds a rule when its name carries the rule's id: a dbt unit test, a singular test's file, or a pytest function.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from scripts import PROJECT_DIR
from scripts.arguments import Parser

_TABLE_IDS = re.compile(r"^\| ((?:[A-Z]\d+(?:, )?)+) \|", re.MULTILINE)
_TEXT_IDS = re.compile(r"\*\*([A-Z]\d+)\*\*")
_PYTEST = re.compile(r"^def (test_\w+)", re.MULTILINE)


def rule_ids(semantics: str) -> list[str]:
    """Return the ids that the page defines, in its order: a table row's first cell, or bold in the text."""
    found = [(match.start(), match.group(1).split(", ")) for match in _TABLE_IDS.finditer(semantics)]
    found += [(match.start(), [match.group(1)]) for match in _TEXT_IDS.finditer(semantics)]
    return [rule_id for _, ids in sorted(found) for rule_id in ids]


def named_tests(project_dir: Path) -> Iterator[tuple[str, str]]:
    """Yield file and name of every unit test, singular test and pytest function."""
    for path in sorted(project_dir.glob("models/*/*.yml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for unit_test in document.get("unit_tests", []):
            yield path.relative_to(project_dir).as_posix(), unit_test["name"]
    for path in sorted(project_dir.glob("tests/dbt/*.sql")):
        yield path.relative_to(project_dir).as_posix(), path.stem
    for path in sorted(project_dir.glob("tests/test_*.py")):
        for name in _PYTEST.findall(path.read_text(encoding="utf-8")):
            yield path.relative_to(project_dir).as_posix(), name


def rules_with_tests(project_dir: Path) -> dict[str, list[tuple[str, str]]]:
    """Return for each rule id the (file, name) of the tests that hold it; an empty list where none does."""
    semantics = (project_dir / "docs" / "semantics.md").read_text(encoding="utf-8")
    tests = list(named_tests(project_dir))
    return {
        rule_id: [(file, name) for file, name in tests if rule_id in name.split("_")] for rule_id in rule_ids(semantics)
    }


def main() -> None:
    """Print the rules and their tests; exit with 1 when a rule has none."""
    Parser(prog="python -m scripts.rules", description="List the rules and their tests.").parse_args()
    rules = rules_with_tests(PROJECT_DIR)
    for rule_id, tests in rules.items():
        for file, name in tests:
            print(f"{rule_id:<4} {name}  ({file})")
    missing = [rule_id for rule_id, tests in rules.items() if not tests]
    if missing:
        sys.exit(f"No test holds {', '.join(missing)}: name one after the rule, see docs/semantics.md")
    print(f"{len(rules)} rules and examples, each held by at least one test")


if __name__ == "__main__":
    main()
