"""`make data` gives the committed files again, byte for byte, and another seed gives other people."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from tests.worlds import PROJECT_DIR


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".md"
    }


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.simulate", *arguments], cwd=PROJECT_DIR, capture_output=True, text=True
    )


def test_the_committed_files_come_out_again(tmp_path: Path) -> None:
    assert simulate("--people", "2000", "--months", "6", "--seed", "7", "--out", str(tmp_path / "data")).returncode == 0
    again, committed = files(tmp_path / "data"), files(PROJECT_DIR / "data")
    assert again.keys() == committed.keys()
    assert [name for name in again if again[name] != committed[name]] == []


def test_another_seed_gives_other_people(fresh_data_dir: Path) -> None:
    def people(data_dir: Path) -> set[str]:
        return set(pq.read_table(data_dir / "truth" / "entries.parquet")["person_id"].to_pylist())

    assert people(fresh_data_dir)
    assert not people(fresh_data_dir) & people(PROJECT_DIR / "data")


def test_bad_arguments_get_one_line(tmp_path: Path) -> None:
    for arguments in (["--people", "-1"], ["--months", "0"], ["--seed", "x"], ["--out", "/dev/null/data"]):
        outcome = simulate("--out", str(tmp_path / "data"), *arguments)
        assert outcome.returncode == 2
        assert "Traceback" not in outcome.stderr
        assert arguments[1] in outcome.stderr.splitlines()[-1]
        assert not (tmp_path / "data").exists()
