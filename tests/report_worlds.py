"""Worlds for the report: copies of prod.duckdb with changes, and a handful of people who leave little to tell."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb

from scripts.databases import Row
from scripts.report.__main__ import make_report
from tests.worlds import World, copy_project, run_dbt, write_source

BEGINNING = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)
WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
SEED_HEADER = (
    "funnel_name,step_order,step_name,match_type,match_value,is_optional,conversion_window_days,"
    "valid_from_date,valid_to_date\n"
)
TINY_FUNNELS = ("ONE_PERSON", "NOBODY_CONVERTS", "EVERYBODY_CONVERTS", "ALL_OPEN", "ONE_STEP")
HOSTILE = {
    "html": "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\"></td></table>",
    "quotes": "\"quoted\" 'and' ${broken} {{ 7 * 7 }} \\",
    "long": "W" * 200,
    "bidi": "\u202eelif.exe\u2066 \u05e9\u05dc\u05d1 \u05d7\u05d3\u05e9",
    "formula": '=HYPERLINK("http://example.com","click")',
}
"""Names that must show as nothing but text."""


def page_of(warehouse_dir: Path, format: str = "html") -> Path:
    """Make the report of a folder beside its databases, and return its file."""
    name = {"html": "index.html", "md": "report.md"}[format]
    return make_report(warehouse_dir, format, warehouse_dir / "report" / name)[0]


def changed_copy(world: World, folder: Path, *statements: str) -> Path:
    """Copy a world's prod.duckdb into the folder, change it, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(world.warehouse_dir / "prod.duckdb", folder)
    with duckdb.connect(str(folder / "prod.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    return folder


def renamed(column: str, old: str, new: str) -> list[str]:
    """Return the statements that give a name of the committed world another one, in every table of prod."""
    literals = [text.replace("'", "''") for text in (new, old)]
    tables = {
        "funnel_name": _ALL,
        "step_name": (*_STEP_TABLES, "funnel_entry_steps"),
        "client_name": ("funnel_client_comparison",),
        "segment_value": ("funnel_step_conversion", "funnel_conversion_trends", "funnel_page_engagement"),
        "destination": ("funnel_drop_off_destinations",),
        "reason": ("event_accounting",),
    }[column]
    return [
        f"UPDATE product.{table} SET {column} = '{literals[0]}' WHERE {column} = '{literals[1]}'" for table in tables
    ]


_STEP_TABLES = (
    "funnel_step_conversion",
    "funnel_drop_off_destinations",
    "funnel_page_engagement",
    "funnel_step_introductions",
)
_ALL = (
    *_STEP_TABLES,
    "funnel_entry_steps",
    "funnel_conversion_trends",
    "funnel_client_comparison",
    "funnel_entries",
    "funnel_page_views",
)


def hostile_copy(world: World, folder: Path) -> Path:
    """Return a copy of the committed world in which everything that has a name has a hostile one."""
    names = HOSTILE
    return changed_copy(
        world,
        folder,
        *renamed("client_name", "Cedar Valley Schools", names["html"]),
        *renamed("client_name", "Alder Health System", names["long"]),
        *renamed("client_name", "Harbor Mutual", names["bidi"]),
        *renamed("client_name", "Lumen Retail Group", names["formula"]),
        *renamed("client_name", "Brightside Software", names["quotes"]),
        *renamed("segment_value", "Cedar Valley Schools", names["html"]),
        *renamed("segment_value", "Alder Health System", names["long"]),
        *renamed("segment_value", "www.google.com", names["bidi"]),
        *renamed("segment_value", "phone", names["quotes"]),
        *renamed("step_name", "Input Full Name", names["html"]),
        *renamed("step_name", "Create Care Recipient", names["long"]),
        *renamed("step_name", "Next Steps", names["bidi"]),
        *renamed("step_name", "Referral Source", names["quotes"]),
        *renamed("destination", "/signup/password", f"/{names['html']}"),
        *renamed("destination", "/eligibility/referral-source", f"/{names['long']}"),
        *renamed("reason", "bot", names["html"]),
        *renamed("funnel_name", "MEMBER_INTAKE", names["html"]),
    )


def emptied_copy(world: World, folder: Path) -> Path:
    """Return a copy of a world in which nobody ever was."""
    return changed_copy(world, folder, *(f"DELETE FROM product.{table}" for table in (*_ALL, "event_accounting")))


def tiny_world(folder: Path) -> World:
    """Build one world with a funnel for each way to have little to tell (TINY_FUNNELS), and one client."""
    project_dir = copy_project(folder / "project")
    steps = [
        f"{funnel},{order},Step {order} of {funnel},page_urlpath,/{funnel.lower()}/{order},false,30,,\n"
        for funnel in TINY_FUNNELS
        for order in ((1,) if funnel == "ONE_STEP" else (1, 2, 3))
    ]
    (project_dir / "seeds" / "funnel_definitions.csv").write_text(SEED_HEADER + "".join(steps), encoding="utf-8")
    write_source(project_dir, folder / "data", "clients", [{"id": "client", "name": "The Only Client"}])
    members = [f"EVERYBODY_CONVERTS {number}" for number in range(12)]
    write_source(
        project_dir,
        folder / "data",
        "members",
        [{"user_id": member, "client_id": "client", "created": BEGINNING} for member in members],
    )
    events = [_event("ONE_PERSON 0", 0, "/one_person/1"), _event("the newest", 40 * 24 * 60, "/elsewhere")]
    for number in range(12):
        events.append(_event(f"NOBODY_CONVERTS {number}", number, "/nobody_converts/1"))
        events += [_event(members[number], minute, f"/everybody_converts/{minute + 1}") for minute in range(3)]
        events.append(_event(f"ALL_OPEN {number}", 39 * 24 * 60 + number, "/all_open/1"))
        events.append(_event(f"ONE_STEP {number}", number, "/one_step/1"))
    write_source(project_dir, folder / "data", "events", events)
    models = ["--select", "+path:models/prod", "--exclude", "resource_type:unit_test"]
    outcome = run_dbt(project_dir, folder / "data", folder / "warehouse", "build", *models)
    assert outcome.returncode == 0, outcome.stdout
    return World(folder / "data", folder / "warehouse")


def _event(person: str, minute: int, path: str) -> Row:
    at = BEGINNING + timedelta(minutes=minute)
    return {
        "event_id": f"{person} {minute}",
        "event_name": "page_view",
        "derived_tstamp": at,
        "collector_tstamp": at,
        "load_tstamp": at,
        "user_id": person if person.startswith("EVERYBODY") else None,
        "domain_userid": person,
        "domain_sessionid": f"{person}'s session",
        "page_urlpath": path,
        WEB_PAGE: [{"id": f"{person} {minute}"}],
    }
