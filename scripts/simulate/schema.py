"""The columns and types of every file that the simulator writes."""

from __future__ import annotations

import pyarrow as pa

_TEXT = pa.string()
_TIME = pa.timestamp("us", tz="UTC")
_MONEY = pa.decimal128(18, 2)
_TYPES = {"s": _TEXT, "t": _TIME, "i": pa.int32(), "d": pa.float64(), "b": pa.bool_(), "m": _MONEY}

# The canonical atomic event of Snowplow as the Lake Loader writes it, in order; `!` marks required columns.
_ATOMIC = """
app_id s, platform s, etl_tstamp t, collector_tstamp! t, dvce_created_tstamp t, event s, event_id! s, txn_id i,
name_tracker s, v_tracker s, v_collector! s, v_etl! s, user_id s, user_ipaddress s, user_fingerprint s,
domain_userid s, domain_sessionidx i, network_userid s, geo_country s, geo_region s, geo_city s, geo_zipcode s,
geo_latitude d, geo_longitude d, geo_region_name s, ip_isp s, ip_organization s, ip_domain s, ip_netspeed s,
page_url s, page_title s, page_referrer s, page_urlscheme s, page_urlhost s, page_urlport i, page_urlpath s,
page_urlquery s, page_urlfragment s, refr_urlscheme s, refr_urlhost s, refr_urlport i, refr_urlpath s,
refr_urlquery s, refr_urlfragment s, refr_medium s, refr_source s, refr_term s, mkt_medium s, mkt_source s,
mkt_term s, mkt_content s, mkt_campaign s, se_category s, se_action s, se_label s, se_property s, se_value d,
tr_orderid s, tr_affiliation s, tr_total m, tr_tax m, tr_shipping m, tr_city s, tr_state s, tr_country s,
ti_orderid s, ti_sku s, ti_name s, ti_category s, ti_price m, ti_quantity i, pp_xoffset_min i, pp_xoffset_max i,
pp_yoffset_min i, pp_yoffset_max i, useragent s, br_name s, br_family s, br_version s, br_type s, br_renderengine s,
br_lang s, br_features_pdf b, br_features_flash b, br_features_java b, br_features_director b,
br_features_quicktime b, br_features_realplayer b, br_features_windowsmedia b, br_features_gears b,
br_features_silverlight b, br_cookies b, br_colordepth s, br_viewwidth i, br_viewheight i, os_name s, os_family s,
os_manufacturer s, os_timezone s, dvce_type s, dvce_ismobile b, dvce_screenwidth i, dvce_screenheight i,
doc_charset s, doc_width i, doc_height i, tr_currency s, tr_total_base m, tr_tax_base m, tr_shipping_base m,
ti_currency s, ti_price_base m, base_currency s, geo_timezone s, mkt_clickid s, mkt_network s, etl_tags s,
dvce_sent_tstamp t, refr_domain_userid s, refr_dvce_tstamp t, domain_sessionid s, derived_tstamp t, event_vendor s,
event_name s, event_format s, event_version s, event_fingerprint s, true_tstamp t, load_tstamp! t
"""

WEB_PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"
USER = "contexts_com_wellthy_user_2"
YAUAA = "contexts_nl_basjes_yauaa_context_1"
IAB = "contexts_com_iab_snowplow_spiders_and_robots_1"
FUNNEL_EVENT = "unstruct_event_com_wellthy_funnel_1"
LINK_CLICK_EVENT = "unstruct_event_com_snowplowanalytics_snowplow_link_click_1"


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


def _atomic_fields() -> list[pa.Field]:
    fields = []
    for entry in _ATOMIC.split(","):
        name, kind = entry.split()
        fields.append(pa.field(name.rstrip("!"), _TYPES[kind], nullable=not name.endswith("!")))
    return fields


# Contexts are lists (an event can have several), a self-describing event is one structure.
EVENTS = pa.schema(
    _atomic_fields()
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
