"""Snowplow's own names: the canonical event's columns, in the order of enriched TSV and the Lake Loader's Parquet."""

from __future__ import annotations

# Name and kind (s text, t timestamp, i integer, d double, b boolean, m money); `!` marks required columns.
# https://docs.snowplow.io: the canonical event model
_COLUMNS = """
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


def camel_case(name: str) -> str:
    """Return a snake_case field's name as its schema writes it: user_id → userId."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def atomic_columns() -> list[tuple[str, str, bool]]:
    """Return name, kind (s, t, i, d, b or m) and whether it is required, of each of the 129 columns."""
    entries = (entry.split() for entry in _COLUMNS.split(","))
    return [(name.rstrip("!"), kind, name.endswith("!")) for name, kind in entries]


def enriched_fields() -> list[str]:
    """Return the 131 fields of an enriched event's line: the atomic columns and three of JSON, without load_tstamp."""
    fields = [name for name, _, _ in atomic_columns() if name != "load_tstamp"]
    for field, before in (
        ("contexts", "se_category"),
        ("unstruct_event", "tr_orderid"),
        ("derived_contexts", "domain_sessionid"),
    ):
        fields.insert(fields.index(before), field)
    return fields
