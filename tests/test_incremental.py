"""Files that arrive in any order, late and twice, end in the tables that a build of everything makes."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from scripts import build as program
from tests.arrivals import FILES, NOW, arrive, make_pool
from tests.comparison import unequal_tables
from tests.models_only import models_only
from tests.worlds import World


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what will arrive."""
    return make_pool(tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def only_models() -> Iterator[None]:
    """Leave the tests of dbt out of the builds of this file: the tables are what is compared."""
    with models_only():
        yield


def built(data_dir: Path, warehouse_dir: Path) -> str:
    """Build what is new and return what the build says of it."""
    console = Console(record=True, file=io.StringIO(), width=1000)
    program.build(data_dir, warehouse_dir, console)
    return console.export_text()


@pytest.fixture(scope="module")
def at_once(pool: Path, only_models: None, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return what a build makes to which everything has arrived."""
    folder = tmp_path_factory.mktemp("at_once")
    arrive(pool, folder / "data", list(range(FILES)), state=NOW)
    assert "first time" in built(folder / "data", folder / "warehouse")
    return World(folder / "data", folder / "warehouse")


def test_X2_any_order_of_arrival_ends_in_the_same_tables(
    pool: Path, only_models: None, at_once: World, tmp_path: Path, order: int
) -> None:
    rng = random.Random(order)
    files = rng.sample(range(FILES), FILES)
    cuts = sorted(rng.sample(range(1, FILES), rng.choice([1, 2, 3])))
    said = []
    for state, (start, end) in enumerate(zip([0, *cuts], [*cuts, FILES], strict=True)):
        arrive(pool, tmp_path / "data", files[start:end], state=NOW if end == FILES else state)
        said.append(built(tmp_path / "data", tmp_path / "warehouse"))
    assert "first time" in said[0]
    assert all("Adding" in words for words in said[1:]), said
    assert unequal_tables(tmp_path / "warehouse", at_once.warehouse_dir) == []
