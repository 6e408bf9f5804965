"""The worlds that several tests read, each built once for all workers."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import made_once
from tests.worlds import PROJECT_DIR, World, build_world


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make test-review`, `make test-builds` and `make mutate`."""
    parser.addoption("--all-patches", action="store_true", help="review every patch, not only the quick ones")
    parser.addoption("--orders", type=int, default=5, help="in how many orders files arrive")
    parser.addoption("--built", type=Path, help="take these databases for the committed data's: they have a fault")
    parser.addoption("--built-people", type=Path, help="take these databases for those of the first random people")
    parser.addoption("--kills", type=int, default=2, help="how often each kind of build is killed at a random moment")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that takes an `order` as many of them as asked for."""
    if "order" in metafunc.fixturenames:
        metafunc.parametrize("order", range(metafunc.config.getoption("--orders")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --built keep the tests that only read the committed data's databases."""
    if config.getoption("--built"):
        asks = {item: getattr(item, "fixturenames", ()) for item in items}
        reads = (item for item in items if "committed" in asks[item] or "[committed" in item.nodeid)
        items[:] = [item for item in reads if "tmp_path" not in asks[item]]


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """Return how often each kind of build is killed at a random moment."""
    return request.config.getoption("--kills")


@pytest.fixture(scope="session")
def committed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the committed data, built."""
    if built := request.config.getoption("--built"):
        return World(PROJECT_DIR / "data", built)
    data_dir = PROJECT_DIR / "data"
    folder = made_once(tmp_path_factory, "committed", lambda folder: build_world(data_dir, folder / "warehouse"))
    return World(data_dir, folder / "warehouse")


@pytest.fixture(scope="session")
def committed_report(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the committed data, as a page."""

    def make(folder: Path) -> None:
        from scripts.report.__main__ import make_report  # Altair takes a second, which other tests need not wait

        make_report(committed.warehouse_dir, "html", folder / "index.html")

    return made_once(tmp_path_factory, "report", make) / "index.html"


@pytest.fixture(scope="session")
def fresh_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that nobody has seen before: another seed, another size."""

    def make(folder: Path) -> None:
        arguments = ["--people", "700", "--months", "5", "--seed", "20261122", "--out", str(folder / "data")]
        subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, check=True)

    return made_once(tmp_path_factory, "fresh_data", make) / "data"


@pytest.fixture(scope="session")
def fresh(fresh_data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the freshly simulated data, built."""
    folder = made_once(tmp_path_factory, "fresh", lambda folder: build_world(fresh_data_dir, folder / "warehouse"))
    return World(fresh_data_dir, folder / "warehouse")


@pytest.fixture(params=["committed", "fresh"])
def world(request: pytest.FixtureRequest) -> World:
    """Return one world after the other."""
    return request.getfixturevalue(request.param)
