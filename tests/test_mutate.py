"""The fast core of `make mutate`: every test that dbt runs notices a fault, and what it tells is true."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.mutate import rows
from scripts.mutate.__main__ import LAYERS
from scripts.mutate.faults import broken, faults_of
from scripts.mutate.listed import read_list, wrong_entries
from scripts.mutate.models import Query
from scripts.mutate.outcome import Outcome
from scripts.mutate.project import Project
from scripts.mutate.run import chosen
from scripts.mutate.seeds import seed_faults
from scripts.mutate.simulator import code_faults
from scripts.mutate.worlds import compile_unit_tests
from tests.worlds import PROJECT_DIR, World

FAULTS = {
    "compare: a.x <= b.y → a.x < b.y": "a.x < b.y",
    "drop condition: a.x <= b.y": "ON b.id = a.id WHERE",
    "join: LEFT JOIN b → JOIN b": "FROM a INNER JOIN b",
    "drop filter: WHERE a.is_kept → WHERE TRUE": "WHERE TRUE",
    "other function: MIN(a.at) → MAX(a.at)": "MAX(a.at)",
    "drop default: COALESCE(a.x, 0) → a.x": "SUM(a.x)",
    "unit: a.at + INTERVAL '7' DAY → a.at + INTERVAL '7' HOUR": "INTERVAL '7' HOUR",
    "number: 1 → 2": "+ 2",
}


@pytest.fixture(scope="module")
def project(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return the committed data as they are built, in memory, with every unit test's query."""
    folder = shutil.copytree(committed.warehouse_dir.parent, tmp_path_factory.mktemp("mutate") / "sample")
    compile_unit_tests(folder)
    yield Project(folder / "target", folder / "warehouse")


def test_every_unit_test_notices_a_fault_of_its_model(project: Project) -> None:
    idle = []
    for model in project.models:
        query = Query(model)
        faults = chosen(query.faults, 0, 1, lambda fault: fault.operator)
        for test in model.unit_tests:
            assert project.passes(test, test.query), f"{test.name} fails without any fault"
            if not any(
                not project.passes(same, faulty)
                for fault in faults
                for same, faulty in query.in_unit_tests(fault)
                if same == test
            ):
                idle.append(f"{model.path}: {test.name} passes with every fault of its model: sharpen it, or delete it")
    assert sum(len(model.unit_tests) for model in project.models) > 100
    assert idle == []


def test_every_data_test_finds_what_it_forbids(project: Project) -> None:
    blind = [
        f"{test.path}: {test.name} does not find that {outcome.change}"
        for test in project.data_tests
        if not test.guards
        for outcome in rows.shown(project, test)
        if not outcome.caught_by
    ]
    assert len(project.data_tests) > 300
    assert blind == []
