"""The fast core of `make mutate`: every test that dbt runs notices a fault, and what it tells is true."""

import pytest

from scripts.mutate.faults import broken, faults_of
from scripts.mutate.listed import read_list, wrong_entries
from scripts.mutate.models import idle_unit_tests
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import DataTest, Project
from scripts.mutate.rows import RowFault, row_faults
from scripts.mutate.run import all_faults, chosen
from scripts.mutate.worlds import sample
from tests.shared import made_once
from tests.worlds import PROJECT_DIR

QUERY = """
SELECT a.id, MIN(a.at) AS first_at, COUNT(DISTINCT a.kind) AS kind_count, COALESCE(b.x, 0) + 1 AS x
  FROM base.a AS a
  LEFT JOIN base.b AS b
    ON b.id = a.id
   AND a.x <= b.y
 WHERE a.is_kept
   AND b.until_at <= a.at + INTERVAL '7' DAY
 GROUP BY a.id, COALESCE(b.x, 0) + 1
"""
FAULTS = {
    "compare: a.x <= b.y → a.x < b.y": "AND a.x < b.y",
    "drop condition: a.x <= b.y → TRUE": "ON b.id = a.id WHERE",
    "join: LEFT JOIN b AS b → INNER JOIN b AS b": "INNER JOIN base.b AS b",
    "drop filter: WHERE a.is_kept AND b.until_at <= a.at + INTERVAL '7' DAY → WHERE TRUE": "WHERE TRUE",
    "other function: MIN(a.at) → MAX(a.at)": "MAX(a.at)",
    "drop distinct: DISTINCT a.kind → a.kind": "COUNT(a.kind)",
    "drop default: COALESCE(b.x, 0) → b.x": "b.x + 1 AS x",
    "unit: INTERVAL '7' DAY → HOUR": "INTERVAL '7' HOUR",
    "number: COALESCE(b.x, 0) + 1 → COALESCE(b.x, 0) + 2": "COALESCE(b.x, 0) + 2 AS x",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the committed data as dbt builds them, with every unit test's query."""
    return sample(made_once(tmp_path_factory, "mutate", lambda folder: sample(folder / "sample")) / "sample").project()


@pytest.mark.parametrize(("name", "sql"), FAULTS.items(), ids=[*FAULTS])
def test_a_fault_breaks_what_its_name_says(name: str, sql: str) -> None:
    by_name = {fault.name: fault for fault in faults_of(QUERY)}
    assert sql in broken(QUERY, by_name[name])
    assert sql not in broken(QUERY, by_name["arithmetic: COALESCE(b.x, 0) + 1 → COALESCE(b.x, 0) - 1"])


def test_a_fault_of_a_unit_test_is_not_in_its_rows() -> None:
    with_rows = f"WITH __dbt__cte__a AS (SELECT 1 + 1 AS id WHERE TRUE) {QUERY.replace('base.a', '__dbt__cte__a')}"
    assert [fault.name for fault in faults_of(with_rows)] == [fault.name for fault in faults_of(QUERY)]


def test_rounds_of_a_loop_are_broken_together() -> None:
    rounds = ", ".join(f"MIN(a.step_{number}) AS first_{number}" for number in range(12))
    (fault,) = (fault for fault in faults_of(f"SELECT {rounds} FROM a") if fault.operator == "other function")
    assert broken(f"SELECT {rounds} FROM a", fault).count("MAX") == 12


def test_a_new_fault_does_not_change_which_others_are_drawn() -> None:
    def drawn(faults: list[RowFault]) -> set[str]:
        return {fault.name for fault in chosen(faults, 9)}

    tests = [DataTest(name, "rules_hold", {}, (), "", "") for name in "abc"]
    faults = [RowFault(test, str(number)) for test in tests for number in range(20)]
    assert {name[0] for name in drawn(faults)} == {*"abc"}
    assert len(drawn(faults)) == 9
    assert len(drawn(faults) - drawn([*faults, RowFault(tests[0], "20")])) <= 1


def test_the_list_of_what_may_live_is_true() -> None:
    caught, lives = Outcome("caught", "models", "", ["a_test"]), Outcome("lives", "models", "")
    assert wrong_entries(["lives"], [caught, lives]) == []
    assert wrong_entries(["caught", "gone"], [caught, lives]) == [
        "tests/mutants_that_live.yml: take this out, a_test catches it: caught",
        "tests/mutants_that_live.yml: take this out, there is no such fault any more: gone",
    ]


def test_what_is_listed_is_a_fault_and_has_a_reason(project: Project) -> None:
    assert {*read_list(PROJECT_DIR)} - {fault.name for fault in all_faults(project)} == set()
    assert all(len(reason) > 20 for reason in read_list(PROJECT_DIR).values())


def test_every_unit_test_notices_a_fault_of_its_model(project: Project) -> None:
    tests = [test for model in project.models for test in model.unit_tests]
    assert len(tests) > 90
    assert [test.name for test in tests if not project.passes(test, test.query)] == []
    assert [*idle_unit_tests(project, set())] == []


def test_every_data_test_finds_what_it_forbids(project: Project) -> None:
    outcomes = [fault.seeded(project) for fault in row_faults(project)]
    assert len(outcomes) > 300
    assert [outcome.name for outcome in outcomes if not outcome.caught_by] == []
