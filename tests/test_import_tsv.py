"""Enriched TSV becomes the same tables as the Parquet of the same events; lines that are no event are told, each."""

import csv
import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from scripts.atomic import enriched_fields
from tests.comparison import unequal_tables
from tests.models_only import build_tables
from tests.worlds import PROJECT_DIR

FIELDS = enriched_fields()
EVENT = {
    "event_id": "e1",
    "collector_tstamp": "2026-01-02 03:04:05.678",
    "etl_tstamp": "2026-01-02 03:05:00.000",
    "v_collector": "ssc",
    "v_etl": "enrich",
    "event_name": "page_view",
    "page_urlpath": "/signup",
    "br_cookies": "1",
    "doc_height": "900",
    "tr_total": "12.50",
    "contexts": '{"schema": "iglu:c/contexts/jsonschema/1-0-0", "data": ['
    '{"schema": "iglu:com.wellthy/user/jsonschema/2-0-3", "data": {"userId": "m", "isEligibilityVerified": true}},'
    '{"schema": "iglu:com.acme/other/jsonschema/1-0-0", "data": {"id": 1}}]}',
    "unstruct_event": '{"schema": "iglu:u/unstruct_event/jsonschema/1-0-0", "data": '
    '{"schema": "iglu:com.wellthy/funnel/jsonschema/1-0-0", "data": {"funnel_name": "F", "stepName": "S"}}}',
}


def line(**changes: str) -> bytes:
    values = EVENT | changes
    return "\t".join(values.get(name, "") for name in FIELDS).encode()


def run_import(source: Path | str, out: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "scripts.import_tsv", str(source), "--out", str(out)]
    return subprocess.run(command, cwd=PROJECT_DIR, input=given, capture_output=True)


def events(out: Path, columns: str = "*") -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        files = f"{out}/snowplow/events/*.parquet"
        return connection.execute(f"SELECT {columns} FROM read_parquet('{files}') ORDER BY event_id").fetchall()


def test_a_folder_of_tsv_gives_the_tables_of_its_parquet(tmp_path: Path) -> None:
    arguments = ["--people", "300", "--months", "6", "--seed", "5", "--no-truth"]
    out = ["--out", str(tmp_path / "parquet"), "--tsv", str(tmp_path / "tsv")]
    subprocess.run([sys.executable, "-m", "scripts.simulate", *arguments, *out], cwd=PROJECT_DIR, check=True)
    outcome = run_import(tmp_path / "tsv", tmp_path / "imported")
    assert outcome.returncode == 0, outcome.stderr
    shutil.copytree(tmp_path / "parquet" / "wellthy", tmp_path / "imported" / "wellthy")
    expected, actual = (
        build_tables(tmp_path / name, tmp_path / name / "warehouse") for name in ("parquet", "imported")
    )
    assert expected.query("SELECT 1 AS one FROM product.funnel_entries WHERE is_converted LIMIT 1")
    assert unequal_tables(actual.warehouse_dir, expected.warehouse_dir, ["prod"]) == []


def test_every_kind_of_field_is_read(tmp_path: Path) -> None:
    (tmp_path / "part.tsv").write_bytes(line() + b"\n")
    assert run_import(tmp_path / "part.tsv", tmp_path / "out").returncode == 0
    columns = (
        "collector_tstamp::VARCHAR, load_tstamp::VARCHAR, br_cookies, doc_height, tr_total::VARCHAR, user_id"
        ", contexts_com_wellthy_user_2, unstruct_event_com_wellthy_funnel_1"
        ", contexts_com_snowplowanalytics_snowplow_web_page_1"
    )
    user = {"user_id": "m", "role": None, "is_eligibility_verified": True}
    funnel = {"funnel_name": "F", "step_name": "S"}
    assert events(tmp_path / "out", columns) == [
        ("2026-01-02 03:04:05.678+00", "2026-01-02 03:05:00+00", True, 900, "12.50", None, [user], funnel, None)
    ]


def test_the_load_time_is_that_of_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "run=2026-01-09-10-11-12"
    folder.mkdir()
    (folder / "part.gz").write_bytes(gzip.compress(line() + b"\n"))
    (folder / "_SUCCESS").touch()
    assert run_import(tmp_path, tmp_path / "out").returncode == 0
    assert events(tmp_path / "out", "load_tstamp::VARCHAR") == [("2026-01-09 10:11:12+00",)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"some text", "1 fields in place of 131"),
        (line() + b"\t", "132 fields in place of 131"),
        (line(page_title="X").replace(b"X", b"\xff"), "no UTF-8 at byte "),
        (line(event_id=""), "event_id is missing"),
        (line(collector_tstamp=""), "collector_tstamp is missing"),
        (line(collector_tstamp="yesterday"), "collector_tstamp is no timestamp with time zone: yesterday"),
        (line(derived_tstamp="2026-02-30 00:00:00"), "derived_tstamp is no timestamp with time zone: 2026-02-30"),
        (line(doc_height="12.x"), "doc_height is no integer: 12.x"),
        (line(doc_height="99999999999"), "doc_height is no integer: 99999999999"),
        (line(br_cookies="maybe"), "br_cookies is no boolean: maybe"),
        (line(tr_total="a lot"), "tr_total is no decimal(18, 2): a lot"),
        (line(contexts="{"), "contexts is no JSON: {"),
        (line(unstruct_event="}" * 500), "unstruct_event is no JSON: " + "}" * 60),
        (line(event_id="", doc_height="x"), "event_id is missing; doc_height is no integer: x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_line_that_is_no_event_is_told_with_its_place(tmp_path: Path, bad: bytes, reason: str) -> None:
    source = tmp_path / "part.tsv"
    source.write_bytes(line(event_id="a") + b"\r\n\n" + bad + b"\n" + line(event_id="b"))
    outcome = run_import(source, tmp_path / "out")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.decode().startswith("3 lines read, 2 events written to ")
    assert "1 lines rejected: " in outcome.stdout.decode()
    assert events(tmp_path / "out", "event_id") == [("a",), ("b",)]
    with (tmp_path / "out" / "rejected.tsv").open(encoding="utf-8", newline="") as file:
        header, rejected = csv.reader(file, delimiter="\t")
    assert header == ["file", "line", "reason"]
    assert rejected[:2] == [str(source), "3"]
    assert rejected[2].startswith(reason)


def test_contexts_of_other_shapes_are_passed_over(tmp_path: Path) -> None:
    shapes = ['"text"', "[]", "17", '{"data": {}}', '{"data": [1, null, "a", {"schema": 5}]}', '{"data": null}']
    lines = [line(event_id=f"e{at}", contexts=shape, unstruct_event=shape) for at, shape in enumerate(shapes)]
    outcome = run_import("-", tmp_path, b"\n".join(lines))
    assert outcome.returncode == 0, outcome.stderr
    assert len(events(tmp_path)) == len(shapes)


def test_standard_input_and_hostile_texts_are_read_as_they_are(tmp_path: Path) -> None:
    texts = ["'; DROP TABLE events; --", '"quoted" \\N \\t', "<script>", "‮right to left", "x" * 1_000_000]
    given = b"\n".join(line(event_id=f"e{at}", page_title=text) for at, text in enumerate(texts))
    outcome = run_import("-", tmp_path, given)
    assert outcome.returncode == 0, outcome.stderr
    assert events(tmp_path, "page_title") == [(text,) for text in texts]


@pytest.mark.parametrize("kind", ["missing", "empty folder", "broken gzip", "out is a file"])
def test_what_cannot_be_read_is_said_in_one_line_and_changes_nothing(tmp_path: Path, kind: str) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    if kind != "missing":
        source.mkdir()
    if kind == "broken gzip":
        (source / "a.gz").write_bytes(gzip.compress(line() + b"\n")[:-9])
    if kind == "out is a file":
        (source / "a.tsv").write_bytes(line())
        out.write_text("mine", encoding="utf-8")
    outcome = run_import(source, out)
    assert outcome.returncode == 2
    assert len(outcome.stderr.decode().splitlines()) == 1
    assert str(out if kind == "out is a file" else source) in outcome.stderr.decode()
    assert out.read_text(encoding="utf-8") == "mine" if out.is_file() else not list(out.rglob("*"))


def test_an_import_replaces_the_one_before(tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert run_import("-", tmp_path, line(event_id=name)).returncode == 0
    assert events(tmp_path, "event_id") == [("second",)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rejected.tsv", "snowplow"]
