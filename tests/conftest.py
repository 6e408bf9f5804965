"""The worlds that several tests read, each built once."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds import PROJECT_DIR, World, build_world


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `make test-review` and `make test-builds`."""
    parser.addoption("--all-patches", action="store_true", help="review every patch, not only the quick ones")
    parser.addoption("--orders", type=int, default=5, help="in how many orders files arrive")
    parser.addoption("--kills", type=int, default=2, help="how often each kind of build is killed at a random moment")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that takes an `order` as many of them as asked for."""
    if "order" in metafunc.fixturenames:
        metafunc.parametrize("order", range(metafunc.config.getoption("--orders")))


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """Return how often each kind of build is killed at a random moment."""
    return request.config.getoption("--kills")


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the committed data, built."""
    return build_world(PROJECT_DIR / "data", tmp_path_factory.mktemp("committed") / "warehouse")


@pytest.fixture(scope="session")
def committed_report(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the committed data, as a page."""
    from scripts.report.__main__ import make_report  # Altair takes a second, which other tests need not wait

    return make_report(committed.warehouse_dir, "html", tmp_path_factory.mktemp("report") / "index.html")[0]


@pytest.fixture(scope="session")
def fresh_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that nobody has seen before: another seed, another size."""
    folder = tmp_path_factory.mktemp("fresh") / "data"
    arguments = ["--people", "700", "--months", "5", "--seed", "20261122", "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, check=True)
    return folder


@pytest.fixture(scope="session")
def fresh(fresh_data_dir: Path) -> World:
    """Return the freshly simulated data, built."""
    return build_world(fresh_data_dir, fresh_data_dir.parent / "warehouse")


@pytest.fixture(params=["committed", "fresh"])
def world(request: pytest.FixtureRequest) -> World:
    """Return one world after the other."""
    return request.getfixturevalue(request.param)
