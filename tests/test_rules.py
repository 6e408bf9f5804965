"""Every rule and example of docs/semantics.md has a test that carries its id."""

import shutil
from pathlib import Path

from scripts.rules import rule_ids, rules_with_tests
from tests.worlds import PROJECT_DIR

GROUPS = {"D": 16, "E": 20, "O": 9, "C": 5, "R": 1, "M": 1, "S": 8, "T": 12, "G": 1, "X": 15, "P": 7}


def test_the_page_is_read_whole() -> None:
    ids = rule_ids((PROJECT_DIR / "docs" / "semantics.md").read_text(encoding="utf-8"))
    assert {group: sum(each.startswith(group) for each in ids) for group in GROUPS} == GROUPS
    assert len(ids) == len(set(ids)) == sum(GROUPS.values())


def test_every_rule_has_a_test() -> None:
    assert [rule_id for rule_id, tests in rules_with_tests(PROJECT_DIR).items() if not tests] == []


def test_a_rule_whose_test_is_gone_is_told(tmp_path: Path) -> None:
    for folder in ("docs", "models", "tests"):
        shutil.copytree(PROJECT_DIR / folder, tmp_path / folder)
    (tmp_path / "models" / "intermediate" / "reporting_periods.yml").unlink()
    assert [rule_id for rule_id, tests in rules_with_tests(tmp_path).items() if not tests] == ["D16"]
