"""A build that is killed, at any moment, leaves whole databases, and the next build needs no clean-up."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from scripts.increment import Inputs, write_note
from scripts.warehouse import DATABASES, NOTE, recover, swap_in
from tests.arrivals import FILES, NOW, arrive, make_pool
from tests.comparison import unequal_tables
from tests.worlds import PROJECT_DIR, World

REPLACEMENTS = 5  # the note into the building folder, three databases, the note again
KINDS = ("full", "incremental")


def program(data_dir: Path, warehouse_dir: Path) -> subprocess.Popen[str]:
    """Start a build of models and seeds in a process of its own."""
    environment = {
        **os.environ,
        "DBT_TARGET_PATH": str(data_dir.parent / "target"),
        "DBT_LOG_PATH": str(data_dir.parent / "logs"),
    }
    command = [sys.executable, "-m", "tests.models_only", str(data_dir), str(warehouse_dir)]
    return subprocess.Popen(
        command, cwd=PROJECT_DIR, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def build(data_dir: Path, warehouse_dir: Path) -> float:
    """Build undisturbed, and return how long it took (seconds)."""
    started = time.monotonic()
    process = program(data_dir, warehouse_dir)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return time.monotonic() - started


class Worlds:
    """The databases before an incremental build, what undisturbed builds make, and how long they take (seconds)."""

    def __init__(self, folder: Path) -> None:
        pool = make_pool(folder / "pool")
        arrive(pool, folder / "data", list(range(0, FILES, 2)), state=0)
        build(folder / "data", folder / "half")
        arrive(pool, folder / "data", list(range(1, FILES, 2)), state=NOW)
        self.data_dir = folder / "data"
        self.before = {"full": None, "incremental": folder / "half"}
        self.seconds = {"full": build(self.data_dir, folder / "undisturbed")}
        self.undisturbed = folder / "undisturbed"
        shutil.copytree(folder / "half", folder / "timed")
        self.seconds["incremental"] = build(self.data_dir, folder / "timed")

    def warehouse(self, kind: str, folder: Path) -> Path:
        """Return a databases' folder as it is before a build of this kind."""
        before = self.before[kind]
        return shutil.copytree(before, folder / "warehouse") if before else folder / "warehouse"


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Return the world that every build here is of."""
    return Worlds(tmp_path_factory.mktemp("crashes"))


def check_after_kill(worlds: Worlds, kind: str, warehouse_dir: Path) -> None:
    """Check that readers find whole tables or none, and that the next build gives what an undisturbed one gives."""
    if (warehouse_dir / "prod.duckdb").exists():
        whole = [folder for folder in (worlds.before[kind], worlds.undisturbed) if folder]
        assert any(unequal_tables(warehouse_dir, folder, ["prod"]) == [] for folder in whole)
    build(worlds.data_dir, warehouse_dir)
    assert unequal_tables(warehouse_dir, worlds.undisturbed) == []
    assert not (warehouse_dir / ".building").exists()
    (accounted,) = World(worlds.data_dir, warehouse_dir).query(
        "SELECT SUM(event_count) AS n FROM product.event_accounting"
    )
    files = str(worlds.data_dir / "snowplow/events/*.parquet")
    assert accounted["n"] == duckdb.sql(f"SELECT SUM(num_rows) FROM parquet_file_metadata('{files}')").fetchall()[0][0]


@pytest.mark.parametrize("number", range(1, REPLACEMENTS + 1))
def test_killed_while_files_are_replaced(tmp_path: Path, number: int) -> None:
    """Whichever replacement does not happen any more: afterwards all files are old, or all are new."""
    (tmp_path / ".building").mkdir()
    for name in (*DATABASES, NOTE):
        (tmp_path / name).write_text("old", encoding="utf-8")
    child = os.fork()
    if child == 0:
        for name in DATABASES:
            (tmp_path / ".building" / name).write_text("new", encoding="utf-8")
        kill_at_replacement(number)
        write_note(tmp_path / ".building", Inputs("data", "new", {}))
        swap_in(tmp_path)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    recover(tmp_path)

    state = "old" if number == 1 else "new"
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in DATABASES} == dict.fromkeys(
        DATABASES, state
    )
    assert state in (tmp_path / NOTE).read_text(encoding="utf-8")
    assert not (tmp_path / ".building").exists()


def kill_at_replacement(number: int) -> None:
    """Let this process die by SIGKILL where it would replace a file for the given time, from 1."""
    replace, done = os.replace, iter(range(1, number))

    def replace_or_die(source: Path, target: Path) -> None:
        if next(done, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    setattr(os, "replace", replace_or_die)  # noqa: B010  as a type checker would have its whole signature


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_random_moments(worlds: Worlds, tmp_path: Path, kind: str, kills: int) -> None:
    rng = random.Random(f"{kind} {kills}")
    killed = 0
    for attempt in range(kills):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        warehouse_dir = worlds.warehouse(kind, folder)
        process = program(worlds.data_dir, warehouse_dir)
        # an even share of the build for each, a random moment within it
        moment = worlds.seconds[kind] * (attempt + rng.random()) / kills
        try:
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
        check_after_kill(worlds, kind, warehouse_dir)
        shutil.rmtree(folder)
    assert killed > kills // 2
