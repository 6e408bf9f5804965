"""Provide dbt-utils: the real package where the dbt hub answers, the stand-in from packages/dbt_utils elsewhere.

`python -m scripts.packages` does what every build does first. The environment variable DBT_UTILS says more: `stand-in`
asks nobody and installs the stand-in, `hub` asks the hub again although the stand-in is installed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import yaml
from packaging.specifiers import SpecifierSet

from scripts.arguments import Parser
from scripts.fingerprint import fingerprint

_HUB_SECONDS = 2
_DEPS_SECONDS = 60
_MARKER = "STAND_IN.md"  # only the stand-in has this file
_FINGERPRINT = ".fingerprint"  # in the installed copy: what it was made for


class PackagesError(Exception):
    """dbt-utils cannot be provided; the message says what to do."""


def provide_dbt_utils(project_dir: Path) -> str:
    """Leave a dbt-utils in the project's dbt_packages, and return the one line that says which."""
    wish = os.environ.get("DBT_UTILS", "")
    if wish not in ("", "hub", "stand-in"):
        raise PackagesError(f"DBT_UTILS is '{wish}': set it to 'hub' or 'stand-in', or leave it out")
    stand_in, installed = project_dir / "packages" / "dbt_utils", project_dir / "dbt_packages" / "dbt_utils"
    if not (stand_in / _MARKER).is_file():
        raise PackagesError(f"{stand_in} is not there: get it back with `git checkout -- packages`")

    if wish != "stand-in" and _is_real(project_dir, installed):
        return _real_line(project_dir)
    files = (path for path in stand_in.rglob("*") if path.is_file())
    made_for = fingerprint(stand_in, files, (project_dir / "packages.yml").read_bytes())
    if wish == "hub" or not _is_stand_in(installed, made_for):
        if wish != "stand-in" and _hub_answers():
            _run_dbt_deps(project_dir)
            if _is_real(project_dir, installed):
                return _real_line(project_dir)
        _install_stand_in(stand_in, installed, made_for, project_dir / "target")
    why = "as DBT_UTILS asks for it" if wish == "stand-in" else "as the dbt hub gave none (DBT_UTILS=hub asks it again)"
    return f"dbt-utils: the stand-in of packages/dbt_utils, {why}"


def _real_line(project_dir: Path) -> str:
    return f"dbt-utils: the real package, {_locked_version(project_dir) or 'of unknown version'}"


def _is_real(project_dir: Path, installed: Path) -> bool:
    """Say whether the real package is installed, in the range of packages.yml as far as its version is known."""
    if not (installed / "dbt_project.yml").is_file() or (installed / _MARKER).exists():
        return False
    version = _locked_version(project_dir)
    return version is None or version in _wanted_versions(project_dir)


def _wanted_versions(project_dir: Path) -> SpecifierSet:
    wanted = yaml.safe_load((project_dir / "packages.yml").read_text(encoding="utf-8"))
    return SpecifierSet(",".join(wanted["packages"][0]["version"]))


def _locked_version(project_dir: Path) -> str | None:
    """Return the version that `dbt deps` noted: the package itself does not say it."""
    lock = project_dir / "package-lock.yml"
    if not lock.is_file():
        return None
    packages = (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("packages", [])
    return next((package.get("version") for package in packages if package.get("name") == "dbt_utils"), None)


def _is_stand_in(installed: Path, made_for: str) -> bool:
    file = installed / _FINGERPRINT
    return file.is_file() and file.read_text(encoding="utf-8") == made_for


def _hub_answers() -> bool:
    """Ask the hub for dbt-utils once; a thread bounds the name look-up too, which no timeout does."""
    hub = os.environ.get("DBT_PACKAGE_HUB_URL", "https://hub.getdbt.com/")  # the variable is dbt's own
    answers: list[bool] = []

    def ask() -> None:
        url = f"{hub.rstrip('/')}/api/v1/dbt-labs/dbt_utils.json"
        with contextlib.suppress(Exception), urllib.request.urlopen(url, timeout=_HUB_SECONDS) as answer:
            answers.append(answer.status == 200)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_HUB_SECONDS)
    return any(answers)


def _run_dbt_deps(project_dir: Path) -> None:
    """Run `dbt deps` in a process of its own; what it leaves says whether it succeeded."""
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "deps"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(
            command, cwd=project_dir, stdin=subprocess.DEVNULL, capture_output=True, timeout=_DEPS_SECONDS, check=False
        )


def _install_stand_in(stand_in: Path, installed: Path, made_for: str, work_dir: Path) -> None:
    """Copy the stand-in elsewhere and move it into place whole: dbt takes each folder in dbt_packages for a package."""
    work_dir.mkdir(exist_ok=True)
    installed.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work_dir) as scratch:
        copy = shutil.copytree(stand_in, Path(scratch) / "new")
        (copy / _FINGERPRINT).write_text(made_for, encoding="utf-8")
        if installed.exists():
            installed.rename(Path(scratch) / "old")
        copy.rename(installed)


def main() -> None:
    """Provide dbt-utils for the project of the current folder, and print which."""
    description, told = __doc__.split("\n\n")
    Parser(prog="python -m scripts.packages", description=description, epilog=told).parse_args()
    try:
        print(provide_dbt_utils(Path.cwd()))
    except PackagesError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
