"""The contexts and self-describing events of rows, as Arrow structures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from scripts.simulate import bots, schema
from scripts.simulate.arrays import Links, Texts
from scripts.simulate.browsers import BOTS, BROWSERS
from scripts.simulate.columns import Columns, Flags, Numbers
from scripts.simulate.events import FUNNEL, LINK_CLICK
from scripts.simulate.pages import ELEMENTS, INTAKE_STEPS
from scripts.simulate.world import World

_BROWSERS = BROWSERS + BOTS
_YAUAA_ROBOTS = ("Robot", "Robot Mobile", "Spy", "Hacker")
_UNKNOWN = ("Unknown",) * len(_YAUAA_ROBOTS)
# The fields of the YAUAA context: what each browser says, then each kind of robot.
_YAUAA = [
    Texts([*(getattr(browser, name) for browser in _BROWSERS), *robots])
    for name, robots in (
        ("device_class", _YAUAA_ROBOTS),
        ("device_brand", _UNKNOWN),
        ("agent_class", _YAUAA_ROBOTS),
        ("agent_name", _UNKNOWN),
        ("os_family", _UNKNOWN),
        ("operating_system_class", _UNKNOWN),
    )
]
_ROLES = Texts(["MEMBER", "STAFF"])
_SPIDER = [
    Texts(["BROWSER", "SPIDER_OR_ROBOT"]),
    Texts(["PASSED_ALL", "FAILED_UA_INCLUDE"]),
    Texts(["NONE", "UNKNOWN"]),
]
_FUNNEL_NAME = Texts(["MEMBER_INTAKE"] * len(INTAKE_STEPS))
_STEP_NAME = Texts(INTAKE_STEPS)
_ELEMENT_ID = Texts(ELEMENTS)
_ELEMENT_CLASSES = Texts(["btn"] * (len(ELEMENTS) - 3) + ["link"] * 3)
_ELEMENT_TARGET = Texts(["_self"] * len(ELEMENTS))
_TARGET_URL = Texts([f"https://app.wellthy.com/#{name}" for name in ELEMENTS])
_ELEMENT_CONTENT = Texts([name.replace("-", " ").capitalize() for name in ELEMENTS])


def contexts(world: World, rows: Columns, page_view: Numbers, agent: Numbers) -> dict[str, pa.Array]:
    """The contexts and self-describing events of some rows, by column.

    `page_view` and `agent` say whose page view id and which user agent the tracker sent; -1: none.
    """
    bot_kind = world.devices["bot_kind"].take(rows["device"])
    # The first page of robots that do not say what they are looks human.
    is_seen = ~world.visits["is_first"].take(rows["visit"])
    return {
        schema.WEB_PAGE: _web_page(world, page_view),
        schema.USER: _user(world, rows),
        schema.YAUAA: _yauaa(rows, agent, bot_kind, is_seen),
        schema.IAB: _iab((bot_kind == bots.BY_IAB) & is_seen),
        schema.FUNNEL_EVENT: _funnel(rows),
        schema.LINK_CLICK_EVENT: _link_click(rows),
    }


def _web_page(world: World, page_view: Numbers) -> pa.ListArray:
    is_there = page_view >= 0
    ids = world.visits["id"]
    return _context(schema.WEB_PAGE, is_there, [Links(page_view[is_there], len(ids)).ids(ids)])


def _user(world: World, rows: Columns) -> pa.ListArray:
    is_known = rows["person"] >= 0
    member = rows["person"][is_known]
    ids = world.people["id"]
    role = Links(world.people["is_staff"].take(member), len(_ROLES.unique))
    columns = [Links(member, len(ids)).ids(ids), role.text(_ROLES), pa.array(rows["is_verified"][is_known])]
    return _context(schema.USER, is_known, columns)


def _yauaa(rows: Columns, agent: Numbers, bot_kind: Numbers, is_seen: Flags) -> pa.ListArray:
    """Robots give themselves away in one place only: YAUAA has nothing on those that say it in their user agent."""
    has_agent = (agent >= 0) & (bot_kind != bots.BY_AGENT)
    robot = len(_BROWSERS) + rows["device"] % len(_YAUAA_ROBOTS)
    who = np.where((bot_kind == bots.BY_YAUAA) & is_seen, robot, agent)[has_agent]
    links = Links(who, len(_BROWSERS) + len(_YAUAA_ROBOTS))
    return _context(schema.YAUAA, has_agent, [links.text(texts) for texts in _YAUAA])


def _iab(is_spider: Flags) -> pa.ListArray:
    links = Links(is_spider.astype(np.intp), 2)
    columns = [pa.array(is_spider), *(links.text(texts) for texts in _SPIDER)]
    return _context(schema.IAB, np.ones(len(is_spider), dtype=bool), columns)


def _funnel(rows: Columns) -> pa.StructArray:
    is_step = rows["kind"] == FUNNEL
    step = Links(np.where(is_step, rows["step"] - 1, -1), len(INTAKE_STEPS))
    return _struct(schema.FUNNEL_EVENT, [step.text(_FUNNEL_NAME), step.text(_STEP_NAME)], ~is_step)


def _link_click(rows: Columns) -> pa.StructArray:
    is_click = rows["kind"] == LINK_CLICK
    element = Links(np.where(is_click, rows["element"], -1), len(ELEMENTS))
    classes = Links(rows["element"][is_click], len(ELEMENTS)).text(_ELEMENT_CLASSES)
    columns = [
        element.text(_ELEMENT_ID),
        _lists(is_click, classes),
        element.text(_ELEMENT_TARGET),
        element.text(_TARGET_URL),
        element.text(_ELEMENT_CONTENT),
    ]
    return _struct(schema.LINK_CLICK_EVENT, columns, ~is_click)


def _context(name: str, is_there: Flags, columns: Sequence[pa.Array]) -> pa.ListArray:
    """A list with one structure where `is_there`, NULL elsewhere; `columns` hold one value per structure."""
    return _lists(is_there, _struct(name, columns))


def _lists(is_there: Flags, values: pa.Array) -> pa.ListArray:
    """A list with the next one of the values where `is_there`, NULL elsewhere."""
    offsets = np.zeros(len(is_there) + 1, dtype=np.int32)
    np.cumsum(is_there, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(~is_there))


def _struct(name: str, columns: Sequence[pa.Array], is_null: Flags | None = None) -> pa.StructArray:
    fields = [pa.field(field.name, column.type) for field, column in zip(schema.STRUCTS[name], columns, strict=True)]
    mask = None if is_null is None else pa.array(is_null)
    return pa.StructArray.from_arrays(list(columns), fields=fields, mask=mask)
