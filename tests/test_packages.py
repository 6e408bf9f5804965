"""`scripts.packages` provides the real dbt-utils where a hub gives it, and the stand-in everywhere else."""

import functools
import http.server
import json
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import packages
from scripts.packages import PackagesError, provide_dbt_utils
from tests.worlds import PROJECT_DIR

NOBODY = "http://127.0.0.1:9/"  # a port that refuses


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with our packages.yml and stand-in, whose hub does not answer."""
    monkeypatch.setenv("DBT_PACKAGE_HUB_URL", NOBODY)
    monkeypatch.delenv("DBT_UTILS", raising=False)
    shutil.copytree(PROJECT_DIR / "packages", tmp_path / "packages")
    shutil.copy(PROJECT_DIR / "packages.yml", tmp_path)
    (tmp_path / "dbt_project.yml").write_text("name: tiny\nprofile: tiny\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one whenever the hub is asked; it never answers."""
    asked: list[int] = []
    monkeypatch.setattr(packages, "_hub_answers", lambda: bool(asked.append(1)))
    return asked


@pytest.fixture
def hub(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, project: Path) -> Iterator[None]:
    """Serve a hub that has one package, dbt-utils 1.4.1."""
    folder = tmp_path_factory.mktemp("hub")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    )
    url = f"http://127.0.0.1:{server.server_port}/"
    real = tmp_path_factory.mktemp("real")
    (real / "macros").mkdir()
    (real / "dbt_project.yml").write_text("name: dbt_utils\nversion: 0.1.0\nconfig-version: 2\n", encoding="utf-8")
    with tarfile.open(folder / "dbt_utils.tar.gz", "w:gz") as archive:
        archive.add(real, "dbt-utils-1.4.1")
    version = {
        "id": "dbt-labs/dbt_utils/1.4.1",
        "name": "dbt_utils",
        "version": "1.4.1",
        "packages": [],
        "downloads": {"tarball": f"{url}dbt_utils.tar.gz"},
    }
    api = folder / "api" / "v1"
    (api / "dbt-labs").mkdir(parents=True)
    (api / "index.json").write_text(json.dumps(["dbt-labs/dbt_utils"]), encoding="utf-8")
    (api / "dbt-labs" / "dbt_utils.json").write_text(
        json.dumps({"name": "dbt_utils", "namespace": "dbt-labs", "latest": "1.4.1", "versions": {"1.4.1": version}}),
        encoding="utf-8",
    )
    monkeypatch.setenv("DBT_PACKAGE_HUB_URL", url)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def install_real(project: Path, version: str | None) -> Path:
    """Put a package where `dbt deps` would put the real one."""
    installed = project / "dbt_packages" / "dbt_utils"
    installed.mkdir(parents=True)
    (installed / "dbt_project.yml").write_text("name: dbt_utils\nversion: 0.1.0\n", encoding="utf-8")
    if version:
        lock = {"packages": [{"name": "dbt_utils", "package": "dbt-labs/dbt_utils", "version": version}]}
        (project / "package-lock.yml").write_text(json.dumps(lock), encoding="utf-8")
    return installed


def is_stand_in(project: Path) -> bool:
    return (project / "dbt_packages" / "dbt_utils" / "STAND_IN.md").is_file()


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_offline_the_whole_stand_in_is_installed_and_nothing_else(project: Path) -> None:
    line = provide_dbt_utils(project)

    assert line == (
        "dbt-utils: the stand-in of packages/dbt_utils, as the dbt hub gave none (DBT_UTILS=hub asks it again)"
    )
    installed = files(project / "dbt_packages")
    del installed["dbt_utils/.fingerprint"]
    assert installed == files(project / "packages")
    assert list((project / "target").iterdir()) == []


def test_the_hub_is_asked_once(project: Path, no_hub: list[int]) -> None:
    lines = {provide_dbt_utils(project) for _ in range(3)}

    assert len(lines) == 1
    assert len(no_hub) == 1


@pytest.mark.parametrize("change", ["new", "gone", "edited"])
def test_a_changed_stand_in_replaces_the_installed_one(project: Path, no_hub: list[int], change: str) -> None:
    provide_dbt_utils(project)
    macros = project / "packages" / "dbt_utils" / "macros"
    if change == "new":
        (macros / "new.sql").write_text("-- new", encoding="utf-8")
    elif change == "gone":
        (macros / "generic_tests" / "accepted_range.sql").unlink()
    else:
        (macros / "generic_tests" / "accepted_range.sql").write_text("-- edited", encoding="utf-8")
    provide_dbt_utils(project)

    installed = project / "dbt_packages" / "dbt_utils" / "macros"
    assert files(installed) == files(macros)
    assert len(no_hub) == 2


def test_a_changed_packages_file_asks_the_hub_again(project: Path, no_hub: list[int]) -> None:
    provide_dbt_utils(project)
    with (project / "packages.yml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    provide_dbt_utils(project)

    assert len(no_hub) == 2


@pytest.mark.parametrize(("version", "said"), [("1.4.1", "1.4.1"), (None, "of unknown version")])
def test_an_installed_real_package_stays(project: Path, no_hub: list[int], version: str | None, said: str) -> None:
    installed = install_real(project, version)
    before = files(installed)

    assert provide_dbt_utils(project) == f"dbt-utils: the real package, {said}"
    assert files(installed) == before
    assert no_hub == []


@pytest.mark.parametrize("version", ["1.3.2", "2.0.0"])
def test_a_real_package_out_of_range_does_not_stay(project: Path, no_hub: list[int], version: str) -> None:
    install_real(project, version)
    provide_dbt_utils(project)

    assert is_stand_in(project)
    assert len(no_hub) == 1


def test_a_hub_that_answers_gives_the_real_package(project: Path, hub: None) -> None:
    assert provide_dbt_utils(project) == "dbt-utils: the real package, 1.4.1"
    assert not is_stand_in(project)


def test_on_request_the_hub_replaces_the_stand_in(
    project: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    provide_dbt_utils(project)
    assert is_stand_in(project)
    request.getfixturevalue("hub")
    monkeypatch.setenv("DBT_UTILS", "hub")

    assert provide_dbt_utils(project) == "dbt-utils: the real package, 1.4.1"
    assert not is_stand_in(project)


def test_where_dbt_deps_fails_the_stand_in_is_installed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "_hub_answers", lambda: True)
    (project / "dbt_project.yml").write_text("nonsense", encoding="utf-8")
    provide_dbt_utils(project)

    assert is_stand_in(project)
    assert "".join(capfd.readouterr()) == ""


def test_a_hub_that_hangs_costs_two_seconds(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DBT_PACKAGE_HUB_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        start = time.monotonic()
        provide_dbt_utils(project)

    assert time.monotonic() - start < 4
    assert is_stand_in(project)


def test_on_request_nobody_is_asked(project: Path, no_hub: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_UTILS", "stand-in")

    assert provide_dbt_utils(project) == ("dbt-utils: the stand-in of packages/dbt_utils, as DBT_UTILS asks for it")
    assert no_hub == []


def test_an_unknown_wish_is_one_clear_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBT_UTILS", "standin")

    with pytest.raises(PackagesError, match="DBT_UTILS is 'standin': set it to 'hub' or 'stand-in', or leave it out"):
        provide_dbt_utils(project)


def test_the_program_prints_one_line_and_does_not_load_dbt(project: Path) -> None:
    program = (
        "import runpy, sys; runpy.run_module('scripts.packages', run_name='__main__'); assert 'dbt' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(PROJECT_DIR)!r}); {program}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dbt-utils: the stand-in")
    assert done.stdout.count("\n") == 1


def test_a_missing_stand_in_is_one_clear_line(project: Path) -> None:
    shutil.rmtree(project / "packages")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(PROJECT_DIR)!r}); from scripts.packages import main; main()",
        ],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("is not there: get it back with `git checkout -- packages`\n")
    assert done.stderr.count("\n") == 1
