-- One row per visit of a page that has a page view id and a session: pings, scrolling and clicks on it.
{%- set heartbeat -%}
    FLOOR({{ dbt.datediff("CAST('1970-01-01' AS TIMESTAMP)", 'events.device_created_at', 'second') }}
          / {{ var('heartbeat_interval_seconds') }})
{%- endset %}

WITH visit_events AS (
    SELECT loads.domain_sessionid
         , loads.visit_number
         , events.event_at
         , events.event_name = 'page_ping' AS is_ping
         , {{ heartbeat }} AS heartbeat
         , calls_to_action.element_id IS NOT NULL AS is_cta_click
         , (COALESCE(events.scroll_offset_pixels, 0) + events.view_height_pixels)
           / CAST(NULLIF(events.page_height_pixels, 0) AS DOUBLE) AS scroll_depth_ratio
      FROM {{ ref('page_loads') }} AS loads
     INNER JOIN {{ ref('member_events') }} AS events
        ON events.domain_sessionid = loads.domain_sessionid
       AND events.page_view_id = loads.page_view_id
      LEFT JOIN {{ ref('calls_to_action') }} AS calls_to_action
        ON {{ normalised_path('calls_to_action.page_urlpath') }} = loads.page_urlpath
       AND calls_to_action.element_id = events.clicked_element_id
     WHERE events.exclusion_reason IS NULL
)

-- by stretches of 60 heartbeats, in which different ones are counted at little cost
, stretches AS (
    SELECT visit_events.domain_sessionid
         , visit_events.visit_number
         , {{ small_number_count(
               'CASE WHEN visit_events.is_ping THEN visit_events.heartbeat - 60 * FLOOR(visit_events.heartbeat / 60) END'
           ) }} AS heartbeat_count
         , MAX(CASE WHEN visit_events.is_ping THEN visit_events.event_at END) AS last_ping_at
         , MIN(CASE WHEN visit_events.is_cta_click THEN visit_events.event_at END) AS first_cta_click_at
         , MAX(visit_events.scroll_depth_ratio) AS scroll_depth_ratio
      FROM visit_events
     GROUP BY visit_events.domain_sessionid
            , visit_events.visit_number
            , FLOOR(visit_events.heartbeat / 60)
)

SELECT stretches.domain_sessionid
     , stretches.visit_number
     , CAST(SUM(stretches.heartbeat_count) AS INTEGER) AS heartbeat_count
     , MAX(stretches.last_ping_at) AS last_ping_at
     , MIN(stretches.first_cta_click_at) AS first_cta_click_at
     , MAX(stretches.scroll_depth_ratio) AS scroll_depth_ratio
  FROM stretches
 GROUP BY stretches.domain_sessionid
        , stretches.visit_number
