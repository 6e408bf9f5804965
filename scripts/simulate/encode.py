"""Rows of a world as an Arrow table with the 129 atomic columns and the contexts.

Readers see plain strings, not the dictionaries of `arrays.py`, because the files do not store the Arrow schema.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scripts.simulate import schema
from scripts.simulate.arrays import Links, Texts, bitmap, constant, integers, times
from scripts.simulate.browsers import BOTS, BROWSERS, PHONE, SCREENS
from scripts.simulate.columns import Columns, Numbers
from scripts.simulate.contexts import contexts
from scripts.simulate.dirt import AGENT, DEVICE, EVENT, SESSION, TIME, VIEW
from scripts.simulate.events import PAGE_PING
from scripts.simulate.ids import id_text
from scripts.simulate.pages import PAGES, VARIANTS, spell
from scripts.simulate.places import PLACES, REFERRERS
from scripts.simulate.world import World

_BROWSERS = BROWSERS + BOTS
_SPELLINGS = [spell(page, variant) for page in PAGES for variant in VARIANTS]

_CONSTANTS = {
    "app_id": "wellthy-web",
    "platform": "web",
    "name_tracker": "sp",
    "v_tracker": "js-4.6.0",
    "v_collector": "ssc-3.4.0-kafka",
    "v_etl": "snowplow-enrich-kafka-5.3.0",
    "page_urlscheme": "https",
    "br_colordepth": "24",
    "doc_charset": "UTF-8",
    "event_format": "jsonschema",
}
# Columns of text by what they follow from.
_BY_KIND = {
    "event": Texts(["page_view", "page_ping", "unstruct", "unstruct"]),
    "event_vendor": Texts(["com.snowplowanalytics.snowplow"] * 3 + ["com.wellthy"]),
    "event_name": Texts(["page_view", "page_ping", "link_click", "funnel"]),
    "event_version": Texts(["1-0-0", "1-0-0", "1-0-1", "1-0-0"]),
}
_BY_AGENT = {
    name: Texts([getattr(browser, name) for browser in _BROWSERS])
    for name in (
        *("useragent", "br_name", "br_family", "br_version", "br_type", "br_renderengine"),
        *("os_name", "os_family", "os_manufacturer", "dvce_type"),
    )
}
_BY_PLACE = {
    column: Texts([getattr(place, name) for place in PLACES])
    for column, name in {
        "geo_country": "country",
        "geo_region": "region",
        "geo_city": "city",
        "geo_zipcode": "zipcode",
        "geo_region_name": "region_name",
        "geo_timezone": "timezone",
        "br_lang": "language",
        "os_timezone": "timezone",
    }.items()
}
_BY_NETWORK = {"user_ipaddress": Texts([f"{place.network}.{last}.x" for place in PLACES for last in range(256)])}
_BY_PAGE = {
    "page_title": Texts([page.title for page in PAGES]),
    "page_urlhost": Texts([page.host for page in PAGES]),
}
_BY_SPELLING = {
    name: Texts([parts[at] for parts in _SPELLINGS])
    for at, name in enumerate(("page_url", "page_urlpath", "page_urlquery", "page_urlfragment"))
}
_BY_CAMPAIGN = {
    "mkt_medium": Texts(["email"]),
    "mkt_source": Texts(["newsletter"]),
    "mkt_campaign": Texts(["benefits-week"]),
}
_BY_REFERRER = {
    "page_referrer": Texts([f"https://{referrer.host}{referrer.path}" for referrer in REFERRERS]),
    "refr_urlscheme": Texts(["https"] * len(REFERRERS)),
    "refr_urlhost": Texts([referrer.host for referrer in REFERRERS]),
    "refr_urlpath": Texts([referrer.path for referrer in REFERRERS]),
    "refr_medium": Texts([referrer.medium for referrer in REFERRERS]),
    "refr_source": Texts([referrer.source for referrer in REFERRERS]),
}
_IS_MOBILE = np.array([browser.dvce_type in ("Mobile", "Tablet") for browser in _BROWSERS])
_LATITUDE = np.array([place.latitude for place in PLACES])
_LONGITUDE = np.array([place.longitude for place in PLACES])
# By kind of device and screen: width, height of the visible page, height of the screen.
_WIDTH, _VIEW_HEIGHT, _HEIGHT = np.array(SCREENS, dtype=np.int32).reshape(-1, 3).T.copy()
# By page, then kind of device and screen.
_SCREENS_HIGH = np.array(
    [[page.height[kind == PHONE] for kind in range(len(SCREENS)) for _ in SCREENS[0]] for page in PAGES]
)
_DOC_HEIGHT = (_SCREENS_HIGH * _VIEW_HEIGHT // 100).astype(np.int32)
_CAN_SCROLL = (_DOC_HEIGHT - _VIEW_HEIGHT).ravel()


def encode(world: World, rows: Columns, lacks_id: bool) -> pa.Table:
    """The events table for some rows of a world (columns as in `events.py` and `dirt.py`), in the rows' order.

    `lacks_id`: a row of the same file has no event id. Otherwise the column is a required one, as the loader has it.
    """
    # Looked up many times, each time faster as the type that NumPy looks up with.
    rows = rows | {name: rows[name].astype(np.intp) for name in ("visit", "device")}
    missing = rows["missing"]
    page_view = np.where(missing & VIEW, -1, rows["page_view"])
    agent = np.where(missing & AGENT, -1, world.devices["browser"].take(rows["device"]))
    columns = {
        **_event(rows, missing),
        **_who(world, rows, missing),
        **_where(world, rows),
        **_device(world, rows, agent),
        **contexts(world, rows, page_view, agent),
    }
    nulls = {kind: pa.nulls(len(missing), kind) for kind in set(schema.EVENTS.types)}
    arrays = [columns.get(field.name, nulls[field.type]) for field in schema.EVENTS]
    nullable = {field.name: field.nullable for field in schema.EVENTS} | {"event_id": lacks_id}
    fields = [
        pa.field(name, array.type, is_nullable)
        for (name, is_nullable), array in zip(nullable.items(), arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _texts(columns: dict[str, Texts], position: Numbers) -> dict[str, pa.Array]:
    """Columns of text that follow from the same short table."""
    links = Links(position, len(next(iter(columns.values())).code))
    return {name: links.text(texts) for name, texts in columns.items()}


def _event(rows: Columns, missing: Numbers) -> dict[str, pa.Array]:
    """What was sent, when."""
    has_time = bitmap((missing & TIME) == 0)
    return {
        **{name: constant(value, len(missing)) for name, value in _CONSTANTS.items()},
        **_texts(_BY_KIND, rows["kind"]),
        "event_id": id_text(rows["id"], bitmap((missing & EVENT) == 0)),
        "etl_tstamp": times(rows["etl"]),
        "collector_tstamp": times(rows["collector"]),
        "dvce_created_tstamp": times(rows["created"], has_time),
        "dvce_sent_tstamp": times(rows["sent"], has_time),
        "derived_tstamp": times(rows["derived"]),
        "load_tstamp": times(rows["load"]),
    }


def _who(world: World, rows: Columns, missing: Numbers) -> dict[str, pa.Array]:
    """Member, device and session."""
    people, devices, sessions = world.people, world.devices, world.sessions
    device = Links(np.where(missing & DEVICE, -1, rows["device"]), len(devices["id"]))
    session = Links(np.where(missing & SESSION, -1, rows["session"]), len(sessions["id"]))
    return {
        "user_id": Links(rows["person"], len(people["id"])).ids(people["id"]),
        "domain_userid": device.ids(devices["id"]),
        "network_userid": device.ids(devices["network_id"]),
        "domain_sessionid": session.ids(sessions["id"]),
        "domain_sessionidx": integers(sessions["number"].take(rows["session"]), session.valid),
    }


def _where(world: World, rows: Columns) -> dict[str, pa.Array]:
    """The page, how its address is spelled, and where the person came from."""
    visit = rows["visit"]
    page, variant = world.visits["page"].take(visit), world.visits["variant"].take(visit)
    referrer = world.visits["referrer"].take(visit)
    port = np.full(len(visit), 443, dtype=np.int32)
    return {
        **_texts(_BY_PAGE, page),
        **_texts(_BY_SPELLING, page * len(VARIANTS) + variant),
        **_texts(_BY_CAMPAIGN, np.where(variant == VARIANTS.index("query"), 0, -1)),
        **_texts(_BY_REFERRER, referrer),
        "page_urlport": integers(port),
        "refr_urlport": integers(port, bitmap(referrer >= 0)),
    }


def _device(world: World, rows: Columns, agent: Numbers) -> dict[str, pa.Array]:
    """Browser, network, place and screen, and how far the page was scrolled on it."""
    devices, device = world.devices, rows["device"]
    geo = devices["geo"].take(device)
    screen = devices["kind"].take(device) * len(SCREENS[0]) + devices["screen"].take(device)
    document = world.visits["page"].take(rows["visit"]) * len(_WIDTH) + screen
    is_ping = bitmap(rows["kind"] == PAGE_PING)
    can_scroll = _CAN_SCROLL.take(document)
    width = integers(_WIDTH.take(screen))
    zero = np.zeros(len(device), dtype=np.int32)
    return {
        **_texts(_BY_AGENT, agent),
        **_texts(_BY_PLACE, geo),
        **_texts(_BY_NETWORK, geo * 256 + devices["ip"].take(device)),
        "geo_latitude": pa.array(_LATITUDE.take(geo)),
        "geo_longitude": pa.array(_LONGITUDE.take(geo)),
        "pp_xoffset_min": integers(zero, is_ping),
        "pp_xoffset_max": integers(zero, is_ping),
        "pp_yoffset_min": integers(can_scroll * rows["scroll_from"] // 1_000, is_ping),
        "pp_yoffset_max": integers(can_scroll * rows["scroll_to"] // 1_000, is_ping),
        "br_cookies": pa.array(np.ones(len(device), dtype=bool)),
        "br_viewwidth": width,
        "br_viewheight": integers(_VIEW_HEIGHT.take(screen)),
        "dvce_ismobile": pa.array(_IS_MOBILE.take(agent, mode="wrap"), mask=agent < 0),
        "dvce_screenwidth": width,
        "dvce_screenheight": integers(_HEIGHT.take(screen)),
        "doc_width": width,
        "doc_height": integers(_DOC_HEIGHT.take(document)),
    }
