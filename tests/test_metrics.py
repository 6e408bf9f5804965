"""The metrics of the semantic layer are the rates of prod: what `mf query` says, funnel_conversion_trends says too."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.databases import Row
from tests.worlds import PROJECT_DIR, World

RATES = ("conversion_rate", "conversion_rate_1d", "conversion_rate_7d")
# mf itself, without asking the package registry whether there is a newer one
MF = """
from dbt_metricflow.cli import main
main.UpdateChecker.check = lambda *_: None
main.cli()
"""


@pytest.fixture(scope="module")
def mf_folder(committed: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what mf reads: the project's settings and the metrics as the build left them."""
    folder = tmp_path_factory.mktemp("mf")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_DIR / name, folder)
    (folder / "target").mkdir()
    shutil.copy(committed.warehouse_dir.parent / "target" / "semantic_manifest.json", folder / "target")
    return folder


def mf_query(committed: World, folder: Path, metrics: tuple[str, ...], *group_by: str) -> list[dict[str, str]]:
    """Return the rows of `mf query`, as text."""
    answer = folder / "answer.csv"
    arguments = ["query", "--metrics", ",".join(metrics), "--group-by", ",".join(group_by), "--csv", str(answer)]
    outcome = subprocess.run(
        [sys.executable, "-c", MF, *arguments],
        cwd=folder,
        env={**os.environ, "WAREHOUSE_DIR": str(committed.warehouse_dir), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    with answer.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def trends(committed: World, grain: str, segment_name: str) -> list[Row]:
    """Return the rates of prod."""
    return committed.query(
        "SELECT funnel_name, CAST(period_start_date AS VARCHAR) AS period, segment_value, entry_count, "
        f"{', '.join(RATES)} FROM product.funnel_conversion_trends "
        f"WHERE grain = '{grain}' AND segment_name = '{segment_name}'"
    )


def rates(row: dict[str, str]) -> list[float | None]:
    """Return the rates that `mf query` told; NULL is an empty field."""
    return [float(row[rate]) if row[rate] else None for rate in RATES]


def true_rates(row: Row) -> list[object]:
    """Return the rates of prod, to be compared with."""
    return [pytest.approx(row[rate], abs=1e-9) for rate in RATES]


def test_mf_query_gives_the_rates_of_prod_by_month(committed: World, mf_folder: Path) -> None:
    told = mf_query(committed, mf_folder, (*RATES, "entry_count"), "metric_time__month", "funnel_entry__funnel_name")
    expected = {(row["funnel_name"], row["period"]): row for row in trends(committed, "month", "all")}
    assert len(expected) == len(told) > 10
    for row in told:
        true = expected[row["funnel_entry__funnel_name"], row["metric_time__month"][:10]]
        assert rates(row) == true_rates(true), row
        assert int(row["entry_count"]) == true["entry_count"]


def test_mf_query_gives_the_rates_of_prod_by_device(committed: World, mf_folder: Path) -> None:
    told = mf_query(committed, mf_folder, RATES, "funnel_entry__device_type", "funnel_entry__funnel_name")
    expected = {(row["funnel_name"], row["segment_value"]): row for row in trends(committed, "all", "device")}
    assert len(expected) == len(told) > 5
    for row in told:
        true = expected[row["funnel_entry__funnel_name"], row["funnel_entry__device_type"] or "unknown"]
        assert rates(row) == true_rates(true), row
