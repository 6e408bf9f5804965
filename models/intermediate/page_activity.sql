-- One row per visit of a page that has a page view id and a session: pings, scrolling and clicks on it.
{%- set heartbeat -%}
    FLOOR({{ dbt.datediff("CAST('1970-01-01' AS TIMESTAMP)", 'events.device_created_at', 'second') }}
          / {{ var('heartbeat_interval_seconds') }})
{%- endset %}

SELECT loads.domain_sessionid
     , loads.visit_number
     , COUNT(CASE WHEN events.event_name = 'page_ping' THEN events.event_id END) AS ping_count

     -- distinct: pings in one heartbeat, of two tabs or of a double fire, are one
     , COUNT(DISTINCT CASE WHEN events.event_name = 'page_ping' THEN {{ heartbeat }} END) AS heartbeat_count
     , MAX(CASE WHEN events.event_name = 'page_ping' THEN events.event_at END) AS last_ping_at
     , MIN(CASE WHEN calls_to_action.element_id IS NULL THEN NULL ELSE events.event_at END) AS first_cta_click_at
     , MAX(
           (COALESCE(events.scroll_offset_pixels, 0) + events.view_height_pixels)
           / CAST(NULLIF(events.page_height_pixels, 0) AS DOUBLE)
       ) AS scroll_depth_ratio
  FROM {{ ref('page_loads') }} AS loads
 INNER JOIN {{ ref('member_events') }} AS events
    ON events.domain_sessionid = loads.domain_sessionid
   AND events.page_view_id = loads.page_view_id
  LEFT JOIN {{ ref('calls_to_action') }} AS calls_to_action
    ON {{ normalised_path('calls_to_action.page_urlpath') }} = loads.page_urlpath
   AND calls_to_action.element_id = events.clicked_element_id
 WHERE events.exclusion_reason IS NULL
 GROUP BY loads.domain_sessionid
        , loads.visit_number
