"""Rows of a world as an Arrow table with the 129 atomic columns and the contexts.

Text is kept as dictionary columns (a short table and positions in it): that is fast to make and small on disk. Readers
see plain strings, because the files do not store the Arrow schema.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import bots, schema
from .browsers import BOTS, BROWSERS, PHONE, SCREENS
from .dirt import AGENT, DEVICE, EVENT, SESSION, TIME, VIEW
from .events import FUNNEL, LINK_CLICK, PAGE_PING
from .ids import id_text
from .pages import ELEMENTS, INTAKE_STEPS, PAGES, VARIANTS, spell
from .places import PLACES, REFERRERS
from .world import Columns, World

_BROWSERS = BROWSERS + BOTS
_EVENT_NAMES = ("page_view", "page_ping", "link_click", "funnel")
_EVENTS = ("page_view", "page_ping", "unstruct", "unstruct")
_VENDORS = ("com.snowplowanalytics.snowplow",) * 3 + ("com.wellthy",)
_VERSIONS = ("1-0-0", "1-0-0", "1-0-1", "1-0-0")
_YAUAA_ROBOTS = ("Robot", "Robot Mobile", "Spy", "Hacker")
_SPELLINGS = [spell(page, variant) for page in PAGES for variant in VARIANTS]


def _text(values: Sequence[str | None], position: np.ndarray) -> pa.Array:
    """The text at each position of a short table; NULL where the position is negative or the text is None."""
    number = {value: at for at, value in enumerate(dict.fromkeys(values))}
    code = np.array([-1 if value is None else number[value] for value in values], dtype=np.int32)
    used, index = _used(np.where(position < 0, np.int32(-1), code[position]), len(number))
    unique = list(number)
    return pa.DictionaryArray.from_arrays(index, pa.array([unique[at] for at in used], pa.string()))


def _ids(words: np.ndarray, position: np.ndarray) -> pa.Array:
    """The UUID at each position of a table of UUIDs; NULL where the position is negative."""
    used, index = _used(position, len(words))
    return pa.DictionaryArray.from_arrays(index, id_text(words[used]))


def _some_ids(words: np.ndarray, is_there: np.ndarray) -> pa.Array:
    """The text of UUIDs; NULL where one is not there."""
    ids = id_text(words)
    return ids if is_there.all() else pc.if_else(pa.array(is_there), ids, pa.scalar(None, pa.string()))


def _used(position: np.ndarray, size: int) -> tuple[np.ndarray, pa.Array]:
    """The positions in a table of `size` that occur, and the same positions counted among those only.

    A file's dictionaries hold what the file needs and nothing else. Negative positions become NULL.
    """
    is_used = np.zeros(size, dtype=bool)
    is_used[position[position >= 0]] = True
    number = np.cumsum(is_used, dtype=np.int32) - 1
    is_null = position < 0
    return np.flatnonzero(is_used), pa.array(np.where(is_null, 0, number[position]), mask=is_null)


def _constant(value: str, size: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(size, dtype=np.int32), pa.array([value]))


def _times(milliseconds: np.ndarray, is_null: np.ndarray | None = None) -> pa.Array:
    return pa.array(milliseconds * 1_000, mask=is_null).cast(pa.timestamp("us", tz="UTC"))


def _integers(values: np.ndarray, is_null: np.ndarray | None = None) -> pa.Array:
    return pa.array(values.astype(np.int32), mask=is_null)


def _struct(name: str, columns: Sequence[pa.Array], is_null: pa.Array | None = None) -> pa.StructArray:
    fields = [pa.field(field.name, column.type) for field, column in zip(schema.STRUCTS[name], columns, strict=True)]
    return pa.StructArray.from_arrays(list(columns), fields=fields, mask=is_null)


def _context(name: str, is_there: np.ndarray, columns: Sequence[pa.Array]) -> pa.ListArray:
    """A list with one structure where `is_there`, NULL elsewhere; `columns` hold one value per structure."""
    offsets = np.concatenate([[0], np.cumsum(is_there)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), _struct(name, columns), mask=pa.array(~is_there))


def _event(name: str, is_there: np.ndarray, columns: Sequence[pa.Array]) -> pa.StructArray:
    """A structure where `is_there`, NULL elsewhere; `columns` hold one value per row."""
    return _struct(name, columns, pa.array(~is_there))


def encode(world: World, rows: Columns, lacks_id: bool) -> pa.Table:
    """The events table for some rows of a world (columns as in `events.py` and `dirt.py`), in the rows' order.

    `lacks_id`: a row of the same file has no event id. Otherwise the column is a required one, as the loader has it.
    """
    size = len(rows["at"])
    visits, devices = world.visits, world.devices
    missing, kind, visit, device = rows["missing"], rows["kind"], rows["visit"], rows["device"]
    no_time = (missing & TIME) > 0
    device_key = np.where(missing & DEVICE, -1, device)
    session_key = np.where(missing & SESSION, -1, rows["session"])
    page_view = np.where(missing & VIEW, -1, rows["page_view"])
    browser = devices["browser"][device]
    agent = np.where(missing & AGENT, -1, browser)
    page = visits["page"][visit]
    spelling = page * len(VARIANTS) + visits["variant"][visit]
    is_query = visits["variant"][visit] == VARIANTS.index("query")
    campaign = np.where(is_query, 0, -1)
    referrer = visits["referrer"][visit]
    geo, person = devices["geo"][device], rows["person"]
    is_ping = kind == PAGE_PING
    screen = np.array(SCREENS)[devices["kind"][device], devices["screen"][device]]
    heights = np.array([page.height for page in PAGES])
    doc_height = heights[page, (devices["kind"][device] == PHONE).astype(np.int64)] * screen[:, 1] // 100
    can_scroll = doc_height - screen[:, 1]

    def of(table: Sequence[Any], get: Callable[[Any], str | None], position: np.ndarray) -> pa.Array:
        return _text([get(entry) for entry in table], position)

    def agents(name: str) -> pa.Array:
        return of(_BROWSERS, lambda entry: getattr(entry, name), agent)

    def places(name: str) -> pa.Array:
        return of(PLACES, lambda entry: getattr(entry, name), geo)

    networks = [f"{place.network}.{last}.x" for place in PLACES for last in range(256)]
    mobile = np.array([entry.dvce_type in ("Mobile", "Tablet") for entry in _BROWSERS])
    columns = {
        "app_id": _constant("wellthy-web", size),
        "platform": _constant("web", size),
        "etl_tstamp": _times(rows["etl"]),
        "collector_tstamp": _times(rows["collector"]),
        "dvce_created_tstamp": _times(rows["created"], no_time),
        "event": _text(_EVENTS, kind),
        "event_id": _some_ids(rows["id"], (missing & EVENT) == 0),
        "name_tracker": _constant("sp", size),
        "v_tracker": _constant("js-4.6.0", size),
        "v_collector": _constant("ssc-3.4.0-kafka", size),
        "v_etl": _constant("snowplow-enrich-kafka-5.3.0", size),
        "user_id": _ids(world.people["id"], person),
        "user_ipaddress": _text(networks, geo * 256 + devices["ip"][device]),
        "domain_userid": _ids(devices["id"], device_key),
        "domain_sessionidx": _integers(world.sessions["number"][rows["session"]], session_key < 0),
        "network_userid": _ids(devices["network_id"], device_key),
        "geo_country": places("country"),
        "geo_region": places("region"),
        "geo_city": places("city"),
        "geo_zipcode": places("zipcode"),
        "geo_latitude": pa.array(np.array([place.latitude for place in PLACES])[geo]),
        "geo_longitude": pa.array(np.array([place.longitude for place in PLACES])[geo]),
        "geo_region_name": places("region_name"),
        "geo_timezone": places("timezone"),
        "page_url": of(_SPELLINGS, lambda parts: parts[0], spelling),
        "page_title": of(PAGES, lambda entry: entry.title, page),
        "page_referrer": of(REFERRERS, lambda entry: f"https://{entry.host}{entry.path}", referrer),
        "page_urlscheme": _constant("https", size),
        "page_urlhost": of(PAGES, lambda entry: entry.host, page),
        "page_urlport": _integers(np.full(size, 443)),
        "page_urlpath": of(_SPELLINGS, lambda parts: parts[1], spelling),
        "page_urlquery": of(_SPELLINGS, lambda parts: parts[2], spelling),
        "page_urlfragment": of(_SPELLINGS, lambda parts: parts[3], spelling),
        "refr_urlscheme": _text(["https"], np.where(referrer < 0, -1, 0)),
        "refr_urlhost": of(REFERRERS, lambda entry: entry.host, referrer),
        "refr_urlport": _integers(np.full(size, 443), referrer < 0),
        "refr_urlpath": of(REFERRERS, lambda entry: entry.path, referrer),
        "refr_medium": of(REFERRERS, lambda entry: entry.medium, referrer),
        "refr_source": of(REFERRERS, lambda entry: entry.source, referrer),
        "mkt_medium": _text(["email"], campaign),
        "mkt_source": _text(["newsletter"], campaign),
        "mkt_campaign": _text(["benefits-week"], campaign),
        "pp_xoffset_min": _integers(np.zeros(size), ~is_ping),
        "pp_xoffset_max": _integers(np.zeros(size), ~is_ping),
        "pp_yoffset_min": _integers(can_scroll * rows["scroll_from"] // 1_000, ~is_ping),
        "pp_yoffset_max": _integers(can_scroll * rows["scroll_to"] // 1_000, ~is_ping),
        "useragent": agents("useragent"),
        **{name: agents(name) for name in ("br_name", "br_family", "br_version", "br_type", "br_renderengine")},
        "br_lang": places("language"),
        "br_cookies": pa.array(np.ones(size, dtype=bool)),
        "br_colordepth": _constant("24", size),
        "br_viewwidth": _integers(screen[:, 0]),
        "br_viewheight": _integers(screen[:, 1]),
        **{name: agents(name) for name in ("os_name", "os_family", "os_manufacturer", "dvce_type")},
        "os_timezone": places("timezone"),
        "dvce_ismobile": pa.array(mobile[browser], mask=agent < 0),
        "dvce_screenwidth": _integers(screen[:, 0]),
        "dvce_screenheight": _integers(screen[:, 2]),
        "doc_charset": _constant("UTF-8", size),
        "doc_width": _integers(screen[:, 0]),
        "doc_height": _integers(doc_height),
        "dvce_sent_tstamp": _times(rows["sent"], no_time),
        "domain_sessionid": _ids(world.sessions["id"], session_key),
        "derived_tstamp": _times(rows["derived"]),
        "event_vendor": _text(_VENDORS, kind),
        "event_name": _text(_EVENT_NAMES, kind),
        "event_format": _constant("jsonschema", size),
        "event_version": _text(_VERSIONS, kind),
        "load_tstamp": _times(rows["load"]),
        **_contexts(world, rows, page_view, agent),
    }
    arrays = [columns.get(field.name, pa.nulls(size, field.type)) for field in schema.EVENTS]
    nullable = {field.name: field.nullable for field in schema.EVENTS} | {"event_id": lacks_id}
    fields = [
        pa.field(name, array.type, is_nullable)
        for (name, is_nullable), array in zip(nullable.items(), arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _contexts(world: World, rows: Columns, page_view: np.ndarray, agent: np.ndarray) -> dict[str, pa.Array]:
    """The contexts and self-describing events of the rows."""
    visit, person, kind = rows["visit"], rows["person"], rows["kind"]
    size = len(visit)
    bot_kind = world.devices["bot_kind"][rows["device"]]
    everywhere = np.ones(size, dtype=bool)

    has_page, is_known = page_view >= 0, person >= 0
    member = person[is_known]
    user = [
        _ids(world.people["id"], member),
        _text(["MEMBER", "STAFF"], world.people["is_staff"][member].astype(np.int64)),
        pa.array(rows["is_verified"][is_known]),
    ]

    # A robot gives itself away in one place only: YAUAA has nothing on those that say it in their user agent,
    # and the others' first page looks human.
    looks_human = world.visits["is_first"][visit]
    has_agent = (agent >= 0) & (bot_kind != bots.BY_AGENT)
    agent = agent[has_agent]
    seen_through = ((bot_kind == bots.BY_YAUAA) & ~looks_human)[has_agent]
    robot = rows["device"][has_agent] % len(_YAUAA_ROBOTS)

    def agents(name: str, robots: Sequence[str]) -> pa.Array:
        """A field of the YAUAA context: by browser for people, by kind of robot for robots."""
        values = [getattr(entry, name) for entry in _BROWSERS]
        return _text([*values, *robots], np.where(seen_through, len(_BROWSERS) + robot, agent))

    unknown = ["Unknown"] * len(_YAUAA_ROBOTS)
    yauaa = [
        agents("device_class", _YAUAA_ROBOTS),
        agents("device_brand", unknown),
        agents("agent_class", _YAUAA_ROBOTS),
        agents("agent_name", unknown),
        agents("os_family", unknown),
        agents("operating_system_class", unknown),
    ]
    is_spider = (bot_kind == bots.BY_IAB) & ~looks_human
    spider = is_spider.astype(np.int64)
    iab = [
        pa.array(is_spider),
        _text(["BROWSER", "SPIDER_OR_ROBOT"], spider),
        _text(["PASSED_ALL", "FAILED_UA_INCLUDE"], spider),
        _text(["NONE", "UNKNOWN"], spider),
    ]

    is_step, is_click = kind == FUNNEL, kind == LINK_CLICK
    step = np.where(is_step, rows["step"] - 1, -1)
    element = np.where(is_click, rows["element"], -1)
    funnel = [_text(["MEMBER_INTAKE"], np.where(is_step, 0, -1)), _text(INTAKE_STEPS, step)]
    is_button = element < len(ELEMENTS) - 3
    classes = _text(["btn", "link"], np.where(is_click, np.where(is_button, 0, 1), -1)[is_click])
    offsets = pa.array(np.concatenate([[0], np.cumsum(is_click)]).astype(np.int32))
    click = [
        _text(ELEMENTS, element),
        pa.ListArray.from_arrays(offsets, classes, mask=pa.array(~is_click)),
        _text(["_self"], np.where(is_click, 0, -1)),
        _text([f"https://app.wellthy.com/#{name}" for name in ELEMENTS], element),
        _text([name.replace("-", " ").capitalize() for name in ELEMENTS], element),
    ]
    return {
        schema.WEB_PAGE: _context(schema.WEB_PAGE, has_page, [_ids(world.visits["id"], page_view[has_page])]),
        schema.USER: _context(schema.USER, is_known, user),
        schema.YAUAA: _context(schema.YAUAA, has_agent, yauaa),
        schema.IAB: _context(schema.IAB, everywhere, iab),
        schema.FUNNEL_EVENT: _event(schema.FUNNEL_EVENT, is_step, funnel),
        schema.LINK_CLICK_EVENT: _event(schema.LINK_CLICK_EVENT, is_click, click),
    }
