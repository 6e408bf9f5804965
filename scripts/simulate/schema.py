"""The columns and types of every file that the simulator writes."""

from __future__ import annotations

import pyarrow as pa

from scripts.atomic import atomic_columns

_TEXT = pa.string()
_TIME = pa.timestamp("us", tz="UTC")
_MONEY = pa.decimal128(18, 2)
_TYPES = {"s": _TEXT, "t": _TIME, "i": pa.int32(), "d": pa.float64(), "b": pa.bool_(), "m": _MONEY}

WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
USER = "contexts_com_wellthy_user_2"
YAUAA = "contexts_nl_basjes_yauaa_context_1"
IAB = "contexts_com_iab_snowplow_spiders_and_robots_1"
FUNNEL_EVENT = "unstruct_event_com_wellthy_funnel_1"
LINK_CLICK_EVENT = "unstruct_event_com_snowplowanalytics_snowplow_link_click_1"
IGLU = {
    WEB_PAGE: "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0",
    USER: "iglu:com.wellthy/user/jsonschema/2-0-0",
    YAUAA: "iglu:nl.basjes/yauaa_context/jsonschema/1-0-4",
    IAB: "iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-0-0",
    FUNNEL_EVENT: "iglu:com.wellthy/funnel/jsonschema/1-0-0",
    LINK_CLICK_EVENT: "iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1",
}
DERIVED = (YAUAA, IAB)
"""Contexts that enrichment adds; the tracker sends the others."""


def _structure(**fields: pa.DataType) -> pa.StructType:
    return pa.struct([pa.field(name, kind) for name, kind in fields.items()])


STRUCTS = {
    WEB_PAGE: _structure(id=_TEXT),
    USER: _structure(user_id=_TEXT, role=_TEXT, is_eligibility_verified=pa.bool_()),
    YAUAA: _structure(device_class=_TEXT, device_brand=_TEXT, agent_class=_TEXT, agent_name=_TEXT,
                      operating_system_name=_TEXT, operating_system_class=_TEXT),
    IAB: _structure(spider_or_robot=pa.bool_(), category=_TEXT, reason=_TEXT, primary_impact=_TEXT),
    FUNNEL_EVENT: _structure(funnel_name=_TEXT, step_name=_TEXT),
    LINK_CLICK_EVENT: _structure(element_id=_TEXT, element_classes=pa.list_(_TEXT), element_target=_TEXT,
                                 target_url=_TEXT, element_content=_TEXT),
}  # fmt: skip


# Contexts are lists (an event can have several), a self-describing event is one structure.
EVENTS = pa.schema(
    [pa.field(name, _TYPES[kind], nullable=not is_required) for name, kind, is_required in atomic_columns()]
    + [
        pa.field(name, pa.list_(kind) if name.startswith("contexts_") else kind)
        for name, kind in STRUCTS.items()
    ]
)  # fmt: skip

MEMBERS = pa.schema(
    [
        ("user_id", _TEXT), ("user_name", _TEXT), ("created", _TIME), ("client_id", _TEXT),
        ("is_eligibility_verified", pa.bool_()), ("birthdate", pa.date32()), ("country", _TEXT), ("email", _TEXT),
        ("_fivetran_deleted", pa.bool_()), ("_fivetran_synced", _TIME),
    ]
)  # fmt: skip

CLIENTS = pa.schema(
    [
        ("id", _TEXT), ("name", _TEXT), ("created", _TIME), ("modified", _TIME), ("client_size", _TEXT),
        ("client_industry", _TEXT), ("client_landing_page_url", _TEXT), ("verification_type", _TEXT),
        ("is_archived", pa.bool_()), ("_fivetran_deleted", pa.bool_()), ("_fivetran_synced", _TIME),
    ]
)  # fmt: skip

TRUTH_ENTRIES = pa.schema(
    [
        ("funnel_name", _TEXT), ("person_id", _TEXT), ("member_id", _TEXT), ("client_id", _TEXT),
        ("entered_at", _TIME), ("furthest_step_order", pa.int32()), ("is_converted", pa.bool_()),
        ("converted_at", _TIME), ("seconds_to_convert", pa.float64()), ("is_mature", pa.bool_()),
        ("is_converted_ever", pa.bool_()), ("entry_count", pa.int32()), ("device_type", _TEXT),
    ]
)  # fmt: skip

TRUTH_STEPS = pa.schema(
    [
        ("funnel_name", _TEXT), ("person_id", _TEXT), ("step_order", pa.int32()), ("step_name", _TEXT),
        ("is_optional", pa.bool_()), ("reached_at", _TIME), ("visit_count", pa.int32()),
        ("dwell_seconds", pa.float64()), ("engaged_seconds", pa.float64()), ("has_unknown_dwell", pa.bool_()),
    ]
)  # fmt: skip

TRUTH_ACCOUNTING = pa.schema([("reason", _TEXT), ("event_count", pa.int64())])

TRUTH_DIRT = pa.schema([("kind", _TEXT), ("rate", pa.float64()), ("count", pa.int64()), ("unit", _TEXT)])
