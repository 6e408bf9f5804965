"""A sample of people comes down whole and under pseudonyms, tables go up as they are: on the fake Snowflake."""

import datetime as dt
import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlfluff.core import Linter

from scripts.databases import attach
from scripts.snowflake.fake import fake_snowflake
from scripts.snowflake.parity import differences
from scripts.snowflake.source_tables import create_table_sql, fill, snowflake_type
from scripts.snowflake.transfer import convert, main
from scripts.snowflake.transfer_sql import IDENTIFIERS, sample_sql
from scripts.sources import Source, declared_sources
from tests.models_only import build_tables
from tests.worlds import PROJECT_DIR, World

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:fakesnow")  # how it reads results

SHARE = 0.3
SALT = "a salt that everybody knows"
STAGE = "@raw_dev_anna.public.care_load"
SOURCES = declared_sources(PROJECT_DIR)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# What is unloaded as it is. A new column of sources.yml belongs here, or to the identifiers in transfer_sql.py.
PLAIN = {
    "event_name", "event_vendor", "collector_tstamp", "derived_tstamp", "load_tstamp", "dvce_created_tstamp",
    "page_urlhost", "page_urlpath", "refr_urlhost", "refr_medium", "geo_country", "useragent", "dvce_type",
    "pp_yoffset_max", "br_viewheight", "doc_height",
    "contexts_com_wellthy_user_2.role", "contexts_com_wellthy_user_2.is_eligibility_verified",
    "contexts_nl_basjes_yauaa_context_1.device_class", "contexts_nl_basjes_yauaa_context_1.agent_class",
    "contexts_com_iab_snowplow_spiders_and_robots_1.spider_or_robot",
    "unstruct_event_com_wellthy_funnel_1.funnel_name", "unstruct_event_com_wellthy_funnel_1.step_name",
    "unstruct_event_com_snowplowanalytics_snowplow_link_click_1.element_id",
    "created", "client_id", "is_eligibility_verified", "country", "_fivetran_deleted",
    "id", "name", "client_size", "client_industry", "client_landing_page_url", "verification_type", "is_archived",
}  # fmt: skip


def run_transfer(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.snowflake.transfer", *arguments]
    return subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True)


def printed(*arguments: str) -> str:
    """Return what a command prints; nothing may go elsewhere."""
    outcome = run_transfer(*arguments)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    return outcome.stdout


def pseudonym(value: str | None) -> str | None:
    return None if value is None else hashlib.sha256((SALT + value).encode()).hexdigest()


def person_pseudonym(person_id: str) -> str:
    device = person_id.removeprefix("anon:")
    return person_id[: len(person_id) - len(device)] + str(pseudonym(device))


def is_chosen(person_id: str | None) -> bool:
    if person_id is None:
        return False
    digest = hashlib.sha256((SALT + "person" + person_id).encode()).hexdigest()
    return int(digest[:16], 16) / 2**64 < SHARE


class Snowflake:
    """The fake, as its own SQL and as the DuckDB beneath it."""

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        import snowflake.connector

        self.duck = duck
        self.cursor = snowflake.connector.connect(database="raw").cursor()

    def run(self, sql: str) -> list[dict[str, Any]]:
        self.cursor.execute(sql)
        names = [column.name for column in self.cursor.description]
        return [dict(zip(names, row, strict=True)) for row in self.cursor.fetchall()]


@pytest.fixture(scope="module")
def snowflake(committed: World) -> Iterator[Snowflake]:
    """Return a fake Snowflake with the committed data and whose each event is."""
    with fake_snowflake() as duck:
        fake = Snowflake(duck)
        for source in SOURCES:
            database, schema, _ = source.relation.split(".")
            fake.run(f"CREATE SCHEMA IF NOT EXISTS {database}.{schema}")
            fake.run(create_table_sql(source))
            fill(duck, source, committed.data_dir)
        fake.run("CREATE SCHEMA prep.intermediate")
        attach(duck, committed.warehouse_dir / "prep.duckdb", "built")
        duck.execute("CREATE TABLE prep.intermediate.member_events AS FROM built.intermediate.member_events")
        yield fake


@pytest.fixture(scope="module")
def downloaded(snowflake: Snowflake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what GET would download of the printed statements: their SELECTs, in files with upper-case names."""
    folder = tmp_path_factory.mktemp("downloaded")
    snowflake.run(f"SET salt = '{SALT}'")  # the only statement of which the test has one of its own
    unloads = re.findall(
        r"^COPY INTO @~/care_sample/(\S+)/ FROM \((.*?)\) FILE_FORMAT",
        printed("sample", "--share", str(SHARE)),
        re.S | re.M,
    )
    assert len(unloads) == 3
    for place, select in unloads:
        rows = snowflake.run(select)
        assert all(name == name.upper() for name in rows[0])
        (folder / place).mkdir(parents=True)
        for number in range(2):
            path = folder / place / f"data_01234567-0123-1234-0000-000000001234_0_{number}_0.snappy.parquet"
            pq.write_table(pa.table({name: [row[name] for row in rows[number::2]] for name in rows[0]}), path)
    return folder


@pytest.fixture(scope="module")
def sampled(downloaded: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the world that is built of the sample."""
    folder = tmp_path_factory.mktemp("sampled")
    told = printed("convert", str(downloaded), str(folder / "data"))
    assert f"make build DATA_DIR={folder / 'data'}" in told
    return build_tables(folder / "data", folder / "warehouse")


def test_each_chosen_person_is_there_with_the_same_entries_and_nobody_else(committed: World, sampled: World) -> None:
    sql = (
        "SELECT funnel_name, person_id, entered_at, furthest_step_order, converted_at, device_type FROM funnel_entries"
    )
    entries = [row for row in committed.query(sql.replace("FROM ", "FROM product.")) if is_chosen(row["person_id"])]
    for row in entries:
        row["person_id"] = person_pseudonym(row["person_id"])
    actual = sampled.query(sql.replace("FROM ", "FROM product."))
    assert sorted(map(str, actual)) == sorted(map(str, entries))
    people = {row["person_id"] for row in actual}
    assert len(people) > 400
    assert 0 < sum(person.startswith("anon:") for person in people) < len(people)


def test_each_event_of_a_chosen_person_stays_theirs_in_every_delivery(committed: World, sampled: World) -> None:
    sql = """
        SELECT events.event_id, events.person_id, events.exclusion_reason, events.domain_sessionid, events.page_view_id
             , events.event_at, events.step_key
             , (SELECT COUNT(*) FROM base.events AS copies WHERE copies.event_id = events.event_id) AS deliveries
          FROM intermediate.member_events AS events
    """
    expected = [row for row in committed.query(sql, "prep") if is_chosen(row["person_id"])]
    for row in expected:
        row["person_id"] = person_pseudonym(row["person_id"])
        row |= {name: pseudonym(row[name]) for name in ("event_id", "domain_sessionid", "page_view_id")}
    actual = sampled.query(sql, "prep")
    assert sorted(map(str, actual)) == sorted(map(str, expected))
    assert max(row["deliveries"] for row in actual) > 1


def test_the_share_is_the_one_asked_for(committed: World, sampled: World) -> None:
    sql = "SELECT COUNT(DISTINCT person_id) AS n FROM intermediate.member_events"
    assert sampled.query(sql, "prep")[0]["n"] == pytest.approx(SHARE * committed.query(sql, "prep")[0]["n"], rel=0.15)


def test_members_are_the_chosen_ones_with_or_without_events_and_clients_are_all(
    committed: World, sampled: World
) -> None:
    def rows(world: World, table: str) -> list[dict[str, Any]]:
        return pq.read_table(world.data_dir / "wellthy" / f"{table}.parquet").to_pylist()

    types = {source.name: source.types for source in SOURCES}
    members = [
        {name: member[name] for name in types["wellthy.members"]} | {"user_id": pseudonym(member["user_id"])}
        for member in rows(committed, "members")
        if is_chosen(member["user_id"])
    ]
    assert sorted(map(str, rows(sampled, "members"))) == sorted(map(str, members))
    seen = {row["member_id"] for row in sampled.query("SELECT member_id FROM intermediate.member_events", "prep")}
    assert any(member["user_id"] not in seen for member in members)
    clients = [{name: client[name] for name in types["wellthy.clients"]} for client in rows(committed, "clients")]
    assert sorted(map(str, rows(sampled, "clients"))) == sorted(map(str, clients))


def test_the_files_have_the_lake_loader_s_types(sampled: World) -> None:
    for source in SOURCES:
        pattern = source.files.replace("'", "''")
        described = duckdb.sql(f"DESCRIBE FROM read_parquet('{sampled.data_dir}/{pattern}')").fetchall()
        assert {name: duckdb.type(kind) for name, kind, *_ in described} == {
            name: duckdb.type(kind) for name, kind in source.types.items()
        }


def test_no_identifier_is_left_in_any_file(committed: World, downloaded: Path, sampled: World) -> None:
    values = """
        SELECT UNNEST([
                   event_id, user_id, domain_userid, domain_sessionid
                 , contexts_com_snowplowanalytics_snowplow_web_page_1[1].id, contexts_com_wellthy_user_2[1].user_id
               ]) AS value
    """
    cursor = duckdb.sql(f"{values} FROM read_parquet('{committed.data_dir}/snowplow/events/*.parquet')")
    originals = {value for (value,) in cursor.fetchall() if value is not None}
    members = duckdb.sql(f"SELECT user_id FROM '{committed.data_dir}/wellthy/members.parquet'").fetchall()
    originals |= {member for (member,) in members}
    assert len(originals) > 80_000
    assert all(UUID.fullmatch(value) for value in originals)  # so that a search for their form finds them all
    files = [*downloaded.rglob("*.parquet"), *sampled.data_dir.rglob("*.parquet")]
    assert len(files) == 9
    for file in files:
        found = duckdb.sql(
            f"SELECT DISTINCT UNNEST(regexp_extract_all(LOWER(CAST(rows AS VARCHAR)), '{UUID.pattern}'))"
            f" FROM read_parquet('{file}') AS rows"
        ).fetchall()
        assert not originals.intersection(value for (value,) in found), file


def test_each_declared_column_is_an_identifier_or_known_to_be_none() -> None:
    declared = set()
    for source in SOURCES:
        for name, kind in source.types.items():
            children = duckdb.type(kind.removesuffix("[]")).children if "STRUCT" in kind else []
            declared |= {f"{name}.{field}" for field, _ in children} or {name}
    assert declared == PLAIN | IDENTIFIERS
    assert not PLAIN & IDENTIFIERS


def test_the_salt_comes_from_snowflake_alone() -> None:
    statements = [line for line in printed("sample", "--share", "0.01").splitlines() if not line.startswith("--")]
    assert [line for line in statements if line.startswith("SET ")] == [
        "SET salt = (SELECT RANDSTR(32, RANDOM()) || UUID_STRING());"
    ]


def test_the_statements_name_the_given_stage_and_databases() -> None:
    sql = sample_sql(SOURCES, 1, "@raw.public.care/of_anna", "raw_dev", "prep_dev")
    assert set(re.findall(r"(?:COPY INTO|REMOVE|GET) (@\S*?/of_anna)/", sql)) == {"@raw.public.care/of_anna"}
    assert set(re.findall(r"FROM (\w+)\.", sql)) == {"raw_dev", "prep_dev"}
    assert "@~" not in sql
    assert " < 'g'" in sql  # every hash


def test_snowflake_s_grammar_reads_every_statement(tmp_path: Path) -> None:
    sample = printed("sample", "--share", "0.01")
    load = printed("load", str(PROJECT_DIR / "data"), "--out", str(tmp_path / "a folder"), "--raw", "raw_dev_anna")
    for sql in (sample, *re.findall(r"^--   ((?:GET|SET|REMOVE) .*)$", sample, re.M), load):
        assert [
            (error.line_no, error.desc()) for error in Linter(dialect="snowflake").parse_string(sql).violations
        ] == []


def staged_types(source: Source) -> dict[str, str]:
    return {name: snowflake_type(declared) for name, declared in source.types.items()}


def test_what_is_loaded_is_what_was_local(committed: World, snowflake: Snowflake, tmp_path: Path) -> None:
    for statement in ("DATABASE raw_dev_anna", "SCHEMA raw_dev_anna.public", f"STAGE {STAGE[1:]}"):
        snowflake.run(f"CREATE {statement}")
    out = tmp_path / "a folder"
    sql = printed("load", str(committed.data_dir), "--out", str(out), "--raw", "raw_dev_anna", "--stage", STAGE)
    statements = [statement.strip() for statement in sql.split(";\n") if statement.strip()]
    assert len(statements) == 16
    json = {
        (name, kind) for each in SOURCES for name, kind in staged_types(each).items() if kind in ("ARRAY", "OBJECT")
    }
    assert set(re.findall(r"PARSE_JSON\(\$1:(\w+)::VARCHAR\)::(\w+)", sql)) == json  # the fake would do without
    for statement in statements:
        if statement.startswith("PUT "):
            for path in out.glob(statement.split("'")[1].removeprefix(f"file://{out}/")):  # the fake takes one file
                snowflake.run(re.sub(r"'file://.*'", f"'file://{path}'", statement))
        elif not statement.startswith("REMOVE "):  # the fake knows none
            snowflake.run(statement)
    for source in SOURCES:
        loaded = source.relation.replace("raw.", "raw_dev_anna.")
        assert differences(snowflake.duck, source.relation, loaded) == []
        assert snowflake.duck.execute(f"SELECT COUNT(*) > 0 FROM {loaded}").fetchone() == (True,)


def rewrite(folder: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    for file in folder.iterdir():
        pq.write_table(change(pq.read_table(file)), file)


def rows_of(folder: Path, **columns: Any) -> None:
    """Give every row of a table's files the same value in some columns."""

    def change(table: pa.Table) -> pa.Table:
        for name, value in columns.items():
            table = table.set_column(table.column_names.index(name), name, pa.array([value] * len(table)))
        return table

    rewrite(folder, change)


@pytest.fixture
def folder(downloaded: Path, tmp_path: Path) -> Path:
    """Return a copy of what was downloaded, to be changed."""
    return shutil.copytree(downloaded, tmp_path / "[a] downloaded")


def test_values_survive_whatever_snowflake_writes(folder: Path, tmp_path: Path) -> None:
    noon = dt.datetime(2026, 3, 1, 12, 0, 0, 123_000)
    page, user = "CONTEXTS_COM_SNOWPLOWANALYTICS_SNOWPLOW_WEB_PAGE_1", "CONTEXTS_COM_WELLTHY_USER_2"
    rows_of(
        folder / "snowplow/events",
        DERIVED_TSTAMP=pa.scalar(noon, pa.timestamp("ms")),
        LOAD_TSTAMP=pa.scalar(noon, pa.timestamp("us", tz="UTC")),
        **{
            page: '[{"id":"\\u00e9 \\"x\\", [y]"}]',
            user: '[{"user_id":null,"role":"null","is_eligibility_verified":true}]',
        },
    )
    rewrite(folder / "snowplow/events", lambda table: table.drop_columns(["USERAGENT"]))
    convert(folder, tmp_path / "data")
    (row,) = duckdb.sql(
        f"""
        SELECT DISTINCT epoch_us(derived_tstamp), epoch_us(load_tstamp), useragent
                      , {page}[1].id, {user}[1].user_id, {user}[1].role, {user}[1].is_eligibility_verified
          FROM '{tmp_path}/data/snowplow/events/*.parquet'
        """
    ).fetchall()
    instant = int(noon.replace(tzinfo=dt.timezone.utc).timestamp() * 1_000_000)
    assert row == (instant, instant, None, 'é "x", [y]', None, "null", True)


FLAWS = {
    "nothing downloaded": (shutil.rmtree, ["downloaded is not a folder", "GET"]),
    "no table": (lambda folder: shutil.rmtree(folder / "wellthy/members"), ["wellthy/members", "no Parquet file"]),
    "no required column": (
        lambda folder: rewrite(folder / "snowplow/events", lambda table: table.drop_columns(["USER_ID"])),
        ["snowplow/events/data_", "no column user_id", "HEADER = TRUE"],
    ),
    "damaged file": (
        lambda folder: next((folder / "wellthy/clients").iterdir()).write_bytes(b"PAR1"),
        ["wellthy/clients/data_", "not a readable Parquet file"],
    ),
    "two samples": (
        lambda folder: shutil.copy(
            next((folder / "snowplow/events").iterdir()),
            folder / "snowplow/events/data_12345678-0123-1234-0000-000000001234_0_0_0.snappy.parquet",
        ),
        ["snowplow/events", "2 samples"],
    ),
    "no timestamp": (lambda folder: rows_of(folder / "wellthy/members", CREATED="noon"), ["wellthy/members", "noon"]),
    "no JSON": (
        lambda folder: rows_of(folder / "snowplow/events", UNSTRUCT_EVENT_COM_WELLTHY_FUNNEL_1="step"),
        ["snowplow/events", "JSON"],
    ),
    "a field that nobody declared": (
        lambda folder: rows_of(folder / "snowplow/events", UNSTRUCT_EVENT_COM_WELLTHY_FUNNEL_1='{"stepName": "x"}'),
        ["snowplow/events", "stepName"],
    ),
    "no page view id": (
        lambda folder: rows_of(
            folder / "snowplow/events", CONTEXTS_COM_SNOWPLOWANALYTICS_SNOWPLOW_WEB_PAGE_1=pa.scalar(None, pa.string())
        ),
        ["snowplow/events", "NULL on every row"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAWS)
def test_a_flawed_download_is_named_and_nothing_is_written(
    folder: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, words = FLAWS[name]
    spoil(folder)
    before = sorted(tmp_path.iterdir())
    assert main(["convert", str(folder), str(tmp_path / "data")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert all(word in told.err for word in words), told.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", ["convert", "load"])
def test_a_folder_with_something_in_it_stays_as_it_is(
    downloaded: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "mine").touch()
    data_dir = str(PROJECT_DIR / "data")
    arguments = (
        ["convert", str(downloaded), str(place)] if command == "convert" else ["load", data_dir, "--out", str(place)]
    )
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{place} is there already: name a new folder\n"
    assert [path.name for path in place.iterdir()] == ["mine"]
    assert list(tmp_path.iterdir()) == [place]


BAD_ARGUMENTS = {
    "share of nobody": (["sample", "--share", "0"], "not a share"),
    "share of more than all": (["sample", "--share", "1.01"], "not a share"),
    "share that is no number": (["sample", "--share", "nan"], "not a share"),
    "share in words": (["sample", "--share", "some"], "not a share"),
    "no share": (["sample"], "--share"),
    "stage without @": (["sample", "--share", "1", "--stage", "care"], "not a stage"),
    "stage of a table": (["sample", "--share", "1", "--stage", "@%events"], "not a stage"),
    "stage with a quote": (["sample", "--share", "1", "--stage", "@~/x'"], "not a stage"),
    "stage with a statement": (["load", "data", "--stage", "@~/x; DROP TABLE x"], "not a stage"),
    "stage with a line more": (["sample", "--share", "1", "--stage", "@~/x\n"], "not a stage"),
    "stage above itself": (["sample", "--share", "1", "--stage", "@~/../x"], "not a stage"),
    "database with a statement": (["sample", "--share", "1", "--raw", "raw; DROP"], "not the name of a database"),
    "database with a schema": (["sample", "--share", "1", "--prep", "prep.base"], "not the name of a database"),
    "database of nothing": (["load", "data", "--raw", ""], "not the name of a database"),
    "no command": ([], "sample | convert | load"),
    "no data folder": (["load", "no_such_folder"], "no_such_folder is not a folder"),
    "quote in a path": (["load", "data", "--out", "it's"], "PUT takes letters"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_a_bad_argument_is_named_in_one_line(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT_DIR)
    arguments, words = BAD_ARGUMENTS[name]
    code: int | str | None
    try:
        code = main(arguments)
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert len(told.err.splitlines()) == 1
    assert words in told.err
