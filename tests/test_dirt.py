"""Every kind of dirt has a rate: at 0 there is none in the files, at a high rate much, and the truth counts it."""

import csv
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from scripts.simulate.__main__ import main, simulate
from scripts.simulate.rates import KINDS, Rates
from scripts.simulate.world import Calendar
from tests.worlds import PROJECT_DIR

CALENDAR = Calendar(date(2026, 1, 1), 2)
NOTHING = dict.fromkeys(KINDS, 0)

# What a kind needs besides itself to show; the rates where the usual high one, a half, would make a large world.
NEEDS = {
    "late_copies": {"duplicates": 5_000},
    "several_devices": {"pauses": 10_000},
    "skipped_mfa": {"single_sign_on_elsewhere": 5_000},
}
HIGH = {"bots": 1_000, "busy_bots": 100, "staff": 1_000}

ROBOT = (
    "contexts_com_iab_snowplow_spiders_and_robots_1[1].spider_or_robot"
    " OR contexts_nl_basjes_yauaa_context_1[1].agent_class IN ('Robot', 'Robot Mobile', 'Spy', 'Hacker')"
    " OR REGEXP_MATCHES(LOWER(useragent), 'bot|spider')"
)
BUSY = (
    "(SELECT domain_userid FROM firsts WHERE event_name = 'page_view' AND domain_userid IS NOT NULL"
    " GROUP BY domain_userid, CAST(derived_tstamp AS DATE) HAVING COUNT(*) > 200)"
)
TOLD_BY = "unstruct_event_com_wellthy_funnel_1.step_name = 'CREATE_ACCOUNT' AND page_urlpath"
AT_SSO = "user_id IN (SELECT user_id FROM members JOIN clients ON id = client_id WHERE verification_type = 'sso')"
PAGE_VIEW_ID = "contexts_com_snowplowanalytics_snowplow_web_page_1[1].id"
LATE = "load_tstamp - collector_tstamp > INTERVAL 2 HOUR"
STEP = "page_urlhost = 'app.wellthy.com' AND page_urlpath NOT IN ('/login', '/login/callback', '/chat/')"
LOGGED_OUT = "FROM firsts WHERE event_name = 'page_view' AND page_urlpath = '/' AND domain_sessionidx > 1"

# How much of a kind there is, exactly, if nothing else is in the way.
SEEN = {
    "duplicates": "COUNT(*) FROM copies",
    "late_copies": f"COUNT(*) FROM copies WHERE {LATE}",
    "late_loads": f"COUNT(*) FROM firsts WHERE {LATE}",
    "clock_skew": "COUNT(DISTINCT network_userid) FROM firsts WHERE year(derived_tstamp) = 2026"
    " AND ABS(epoch_ms(dvce_created_tstamp) - epoch_ms(derived_tstamp)) > 1_800_000",
    "queued_sending": "COUNT(*) FROM firsts WHERE dvce_sent_tstamp - dvce_created_tstamp >= INTERVAL 1 SECOND",
    "bots": f"COUNT(DISTINCT network_userid) FROM firsts WHERE {ROBOT}",
    "busy_bots": f"COUNT(*) FROM {BUSY}",
    "staff": "COUNT(*) FROM members WHERE client_id IS NULL",
    "single_sign_on": f"COUNT(*) FROM firsts WHERE {TOLD_BY} = '/login/callback' AND {AT_SSO}",
    "single_sign_on_elsewhere": f"COUNT(*) FROM firsts WHERE {TOLD_BY} = '/login/callback' AND NOT {AT_SSO}",
    "skipped_mfa": f"COUNT(*) FROM firsts WHERE {TOLD_BY} = '/signup/password'",
    "looking_in": f"COUNT(*) {LOGGED_OUT} AND user_id IS NULL",
    "logging_out": f"COUNT(*) {LOGGED_OUT} AND user_id IS NULL",
    "stray_pings": "COUNT(*) FROM firsts AS pings JOIN"
    f" (SELECT {PAGE_VIEW_ID} AS id, domain_sessionid FROM firsts WHERE event_name = 'page_view') AS views"
    f" ON views.id = pings.{PAGE_VIEW_ID} AND views.domain_sessionid <> pings.domain_sessionid",
    "double_fires": "COUNT(*) FROM (SELECT derived_tstamp - LAG(derived_tstamp) OVER (PARTITION BY domain_sessionid,"
    " page_urlpath ORDER BY derived_tstamp) AS gap FROM firsts WHERE event_name = 'page_view')"
    " WHERE gap < INTERVAL 2 SECOND",
    "no_key_at_all": "COUNT(*) FROM firsts WHERE user_id IS NULL AND domain_userid IS NULL",
    "no_device_id": "COUNT(*) FROM firsts WHERE user_id IS NOT NULL AND domain_userid IS NULL",
    "no_session": "COUNT(*) FROM firsts WHERE domain_userid IS NOT NULL AND domain_sessionid IS NULL",
    "no_page_view_id": f"COUNT(*) FROM firsts WHERE {PAGE_VIEW_ID} IS NULL",
    "no_user_agent": "COUNT(*) FROM firsts WHERE useragent IS NULL",
    "no_device_time": "COUNT(*) FROM firsts WHERE dvce_created_tstamp IS NULL",
    "no_event_id": "COUNT(*) FROM firsts WHERE event_id IS NULL",
    "implausible_time": "COUNT(*) FROM firsts WHERE year(derived_tstamp) IN (1970, 2262)",
    "accounts_without_events": "COUNT(*) FROM members ANTI JOIN events USING (user_id)",
    "deleted_accounts": "COUNT(*) FROM members WHERE _fivetran_deleted",
}
# The other kinds do not show on each event, or only sometimes: here something grows with them.
GROWS = {
    "shared_devices": "COUNT(*) FROM (SELECT domain_userid FROM firsts GROUP BY 1 HAVING COUNT(DISTINCT user_id) > 1)",
    "several_devices": "COUNT(DISTINCT domain_userid) FROM firsts",
    "back_navigation": "COUNT(*) - COUNT(DISTINCT (domain_userid, page_urlpath)) FROM firsts"
    f" WHERE event_name = 'page_view' AND {STEP}",
    "help_detours": "COUNT(*) FROM firsts WHERE event_name = 'page_view' AND page_urlpath LIKE '/help/%'",
    "pauses": "COUNT(DISTINCT domain_sessionid) FROM firsts",
    "re_entry": "COUNT(DISTINCT domain_sessionid) FROM firsts",
    "lost_pings": "-COUNT(*) FROM firsts WHERE event_name = 'page_ping'",
    "visits_without_pings": f"-COUNT(DISTINCT {PAGE_VIEW_ID}) FROM firsts WHERE event_name = 'page_ping'",
    "url_variants": "COUNT(*) FROM firsts WHERE event_name = 'page_view'"
    " AND (page_urlquery IS NOT NULL OR page_urlfragment IS NOT NULL OR page_urlpath <> LOWER(page_urlpath))",
}


# In the usual mixture these cannot be told from the files alone: other dirt looks the same.
ONLY_ALONE = {"late_copies", "single_sign_on", "skipped_mfa", "looking_in", "logging_out"}
COLUMNS = (
    "event_id, event_name, page_urlhost, page_urlpath, page_urlquery, page_urlfragment, user_id, domain_userid,"
    " domain_sessionid, domain_sessionidx, network_userid, useragent, collector_tstamp, derived_tstamp, load_tstamp,"
    " dvce_created_tstamp, dvce_sent_tstamp, COLUMNS('contexts_.*|unstruct_.*')"
)


class Files:
    """A simulated folder: what its files show, and what its truth says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        self.connection.execute(
            f"""
            CREATE VIEW events AS FROM '{folder}/snowplow/events/*.parquet';
            CREATE VIEW members AS FROM '{folder}/wellthy/members.parquet';
            CREATE VIEW clients AS FROM '{folder}/wellthy/clients.parquet';
            CREATE TABLE deliveries AS
            SELECT {COLUMNS}, ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY collector_tstamp) AS delivery
              FROM events;
            CREATE VIEW firsts AS FROM deliveries WHERE delivery = 1 OR event_id IS NULL;
            CREATE VIEW copies AS FROM deliveries WHERE delivery > 1 AND event_id IS NOT NULL;
            """
        )

    def value(self, selection: str) -> Any:
        """Return the one value of `SELECT selection`."""
        return self.connection.execute(f"SELECT {selection}").fetchone()[0]

    def truth(self, name: str) -> list[dict[str, Any]]:
        return pq.read_table(self.folder / "truth" / f"{name}.parquet").to_pylist()

    def counts(self) -> dict[str, int]:
        return {row["kind"]: row["count"] for row in self.truth("dirt")}

    def reasons(self) -> dict[str, int]:
        return {row["reason"]: row["event_count"] for row in self.truth("accounting")}


def world(folder: Path, late_days: int = 3, **per_10000: int) -> Files:
    """Return a small world with the given dirt, in 10,000ths, and no other."""
    simulate(120, CALENDAR, 3, folder, rates=Rates(**NOTHING | per_10000), late_days=late_days)
    return Files(folder)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return a world without any dirt."""
    return world(tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def rejecting(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return a world in which nothing is wrong but that events are rejected."""
    return world(tmp_path_factory.mktemp("rejecting"), 5, no_event_id=500, implausible_time=500)


def test_every_kind_is_looked_for() -> None:
    assert sorted([*SEEN, *GROWS]) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_makes_much_of_its_kind_and_nothing_of_any_other(kind: str, clean: Files, tmp_path: Path) -> None:
    needs = NEEDS.get(kind, {})
    dirty = world(tmp_path, **needs, **{kind: HIGH.get(kind, 5_000)})
    count = dirty.counts()[kind]
    assert {name for name, number in dirty.counts().items() if number} == {kind, *needs}
    if kind in SEEN:
        assert clean.value(SEEN[kind]) == 0
        assert dirty.value(SEEN[kind]) == count > 0
    else:
        assert count > 10
        assert dirty.value(GROWS[kind]) - clean.value(GROWS[kind]) > count / 3


def test_the_truth_counts_what_is_in_the_committed_files() -> None:
    committed = Files(PROJECT_DIR / "data")
    counts = {kind: count for kind, count in committed.counts().items() if kind in SEEN.keys() - ONLY_ALONE}
    assert {kind: committed.value(SEEN[kind]) for kind in counts} == counts
    assert {kind for kind, count in counts.items() if count == 0} == {"no_event_id", "implausible_time"}


@pytest.mark.parametrize(
    "kinds",
    [
        ("duplicates", "late_loads", "queued_sending", "no_user_agent", "no_event_id", "implausible_time"),
        ("duplicates", "stray_pings"),
        ("duplicates", "double_fires"),
    ],
)
def test_the_truth_counts_what_several_kinds_hit(kinds: tuple[str, ...], tmp_path: Path) -> None:
    rates = dict.fromkeys(kinds, 3_000)
    dirty = world(tmp_path, **rates)
    assert {kind: dirty.value(SEEN[kind]) for kind in rates} == {kind: dirty.counts()[kind] for kind in rates}


def test_what_is_not_loaded_in_time_is_not_counted(tmp_path: Path) -> None:
    late = world(tmp_path, 30, bots=2_000, late_loads=10_000)
    assert 0 < late.value(SEEN["bots"]) == late.counts()["bots"] < 24  # of 120 people, one fifth on top


def test_the_truth_tells_rates_and_units(clean: Files, rejecting: Files) -> None:
    assert {row["rate"] for row in clean.truth("dirt")} == {0.0}
    assert {row["kind"]: row["rate"] for row in rejecting.truth("dirt") if row["rate"]} == {
        "no_event_id": 0.05,
        "implausible_time": 0.05,
    }
    assert {row["kind"]: row["unit"] for row in clean.truth("dirt") if row["kind"] in ("bots", "pauses")} == {
        "bots": "devices",
        "pauses": "sessions",
    }


@pytest.mark.parametrize(("late_days", "least"), [(1, 0.9), (3, 2.9), (30, 29)])
def test_what_is_late_comes_within_the_late_days(tmp_path: Path, late_days: int, least: float) -> None:
    late = world(tmp_path, late_days, late_loads=3_000, duplicates=3_000, late_copies=5_000)
    for deliveries in ("firsts", "copies"):
        longest = late.value(f"MAX(load_tstamp - collector_tstamp) FROM {deliveries}")
        assert timedelta(days=least) < longest < timedelta(days=late_days)


def test_rejected_events_change_no_other_value(clean: Files, rejecting: Files) -> None:
    others = "SELECT * EXCLUDE (event_id, derived_tstamp) FROM"
    rejecting.connection.execute(
        f"ATTACH ':memory:' AS other; CREATE VIEW other.events AS FROM '{clean.folder}/snowplow/events/*.parquet'"
    )
    assert rejecting.value(f"COUNT(*) FROM ({others} events EXCEPT ALL {others} other.events)") == 0
    assert rejecting.value("COUNT(*) FROM events") == clean.value("COUNT(*) FROM events")


def test_a_rejected_event_is_told_by_its_reason(clean: Files, rejecting: Files) -> None:
    counts, reasons = rejecting.counts(), rejecting.reasons()
    assert reasons["missing_event_id"] == counts["no_event_id"] > 0
    assert reasons["implausible_time"] == counts["implausible_time"] > 0
    assert sum(reasons.values()) == sum(clean.reasons().values()) == clean.value("COUNT(*) FROM events")
    half = counts["implausible_time"] / 2
    for year in (1970, 2262):
        assert rejecting.value(f"COUNT(*) FROM events WHERE year(derived_tstamp) = {year}") == pytest.approx(
            half, rel=0.2
        )


@pytest.mark.parametrize("kind", ["no_event_id", "implausible_time"])
def test_a_rejected_event_is_nobodys(kind: str, tmp_path: Path) -> None:
    rejected = world(tmp_path, **{kind: 10_000, "bots": 1_000, "staff": 1_000, "duplicates": 5_000})
    assert rejected.truth("entries") == rejected.truth("entry_steps") == []
    assert rejected.reasons().keys() == {
        {"no_event_id": "missing_event_id"}.get(kind, kind), "bot", "staff", "duplicate"
    }  # fmt: skip
    sent = "(network_userid, event_name, page_urlpath, dvce_created_tstamp)"
    is_rejected = "event_id IS NULL OR year(derived_tstamp) <> 2026"
    assert rejected.value(f"COUNT(*) - COUNT(DISTINCT {sent}) FROM events WHERE {is_rejected}") == 0


def test_a_time_to_come_makes_nobody_mature(clean: Files, rejecting: Files) -> None:
    mature_until = clean.value("MAX(derived_tstamp) FROM events") - timedelta(days=30)
    for files in (clean, rejecting):
        entries = files.truth("entries")
        assert {row["is_mature"] for row in entries} == {True, False}
        assert all(row["entered_at"] <= mature_until for row in entries if row["is_mature"])


def test_what_is_outside_the_funnels_is_told(tmp_path: Path) -> None:
    # with single sign-on, an account is created on a page that is no step
    files = world(tmp_path, single_sign_on=5_000)
    definitions = (PROJECT_DIR / "seeds" / "funnel_definitions.csv").read_text(encoding="utf-8").splitlines()
    pages = [row["match_value"] for row in csv.DictReader(definitions) if row["match_type"] == "page_urlpath"]
    inside = f"event_name = 'funnel' OR list_contains({pages}, page_urlpath)"
    assert files.reasons() == {
        "modelled": files.value(f"COUNT(*) FROM events WHERE {inside}"),
        "outside_funnels": files.value(f"COUNT(*) FROM events WHERE NOT ({inside})"),
    }


def test_the_same_seed_and_rates_give_the_same_bytes(rejecting: Files, tmp_path: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}

    arguments = ["--people", "120", "--months", "2", "--seed", "3", "--out"]
    rates = [f"{kind}={'.05' if kind in ('no_event_id', 'implausible_time') else 0}" for kind in KINDS]
    options = [part for rate in rates for part in ("--rate", rate)]
    assert main([*arguments, str(tmp_path), "--rate", "bots=1", *options, "--late-days", "5"]) == 0
    assert contents(tmp_path) == contents(rejecting.folder)


def test_the_help_lists_every_kind_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^  (\w+) +([\d.]+) +of ([^:]+): (.+)$", capsys.readouterr().out, re.MULTILINE)
    assert [(name, float(rate)) for name, rate, _, _ in listed] == [
        (name, kind.default / 10_000) for name, kind in KINDS.items()
    ]


def test_the_readme_names_every_kind_with_its_default() -> None:
    readme = (PROJECT_DIR / "data" / "README.md").read_text(encoding="utf-8").split("## The dirt")[1]
    told = {kind: float(percent) for kind, percent in re.findall(r"`(\w+)` ([\d.]+) %", readme)}
    assert told == {name: kind.default / 100 for name, kind in KINDS.items()}


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--rate", "dupes=0.1", "no such kind of dirt: 'dupes'"),
        ("--rate", "late_days=0.1", "no such kind of dirt: 'late_days'"),
        ("--rate", "duplicates", "not KIND=RATE like duplicates=0.05: 'duplicates'"),
        ("--rate", "duplicates=", "duplicates: not a number: ''"),
        ("--rate", "duplicates=many", "duplicates: not a number: 'many'"),
        ("--rate", "duplicates=nan", "duplicates: must be from 0 to 1 in steps of 0.0001, not nan"),
        ("--rate", "duplicates=-0.1", "duplicates: must be from 0 to 1 in steps of 0.0001, not -0.1"),
        ("--rate", "duplicates=1.0001", "duplicates: must be from 0 to 1 in steps of 0.0001, not 1.0001"),
        ("--rate", "duplicates=0.00005", "duplicates: must be from 0 to 1 in steps of 0.0001, not 0.00005"),
        ("--late-days", "0", "must be from 1 to 30, not 0"),
        ("--late-days", "31", "must be from 1 to 30, not 31"),
        ("--start", "2090-01-01", "must be the first day of a month from 2000 to 2089, not 2090-01-01"),
    ],
)
def test_bad_options_get_one_line(
    option: str, value: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--people", "1", "--months", "1", "--out", str(tmp_path / "data"), option, value])
    assert stopped.value.code == 2
    told = capsys.readouterr()
    assert told.err.removeprefix(f"simulate: argument {option}: ").startswith(words)
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert not (tmp_path / "data").exists()
