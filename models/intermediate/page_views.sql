-- One row per page view, double fires merged: how long it lasted, how far it was scrolled, what was clicked.
WITH visits AS (
    SELECT loads.event_id
         , loads.page_view_id
         , loads.person_id
         , loads.domain_sessionid
         , loads.page_urlpath
         , loads.viewed_at
         , CASE
               WHEN loads.domain_sessionid IS NULL THEN NULL
               ELSE {{ seconds_between('loads.viewed_at', 'COALESCE(loads.next_viewed_at, activity.last_ping_at)') }}
           END AS open_seconds
         , CASE
               WHEN activity.heartbeat_count > 0
                   THEN {{ var('heartbeat_interval_seconds') }} * (activity.heartbeat_count - 1)
                        + {{ var('heartbeat_first_seconds') }}
               ELSE 0
           END AS heartbeat_seconds
         , {{ seconds_between('loads.viewed_at', 'activity.first_cta_click_at') }} AS seconds_to_cta_click
         , activity.scroll_depth_ratio
      FROM {{ ref('page_loads') }} AS loads
      LEFT JOIN {{ ref('page_activity') }} AS activity
        ON activity.domain_sessionid = loads.domain_sessionid
       AND activity.visit_number = loads.visit_number
     WHERE loads.is_visit_start
)

, dwells AS (
    SELECT visits.event_id
         , visits.page_view_id
         , visits.person_id
         , visits.domain_sessionid
         , visits.page_urlpath
         , visits.viewed_at
         , CASE
               WHEN visits.open_seconds < 0 THEN 0
               WHEN visits.open_seconds > {{ var('dwell_cap_seconds') }} THEN {{ var('dwell_cap_seconds') }}
               ELSE visits.open_seconds
           END AS dwell_seconds
         , COALESCE(visits.open_seconds > {{ var('dwell_cap_seconds') }}, FALSE) AS is_dwell_capped
         , visits.heartbeat_seconds
         , visits.seconds_to_cta_click
         , visits.scroll_depth_ratio
      FROM visits
)

SELECT dwells.page_view_id
     , dwells.event_id
     , dwells.person_id
     , dwells.domain_sessionid
     , dwells.page_urlpath
     , dwells.viewed_at
     , CAST(dwells.dwell_seconds AS DOUBLE) AS dwell_seconds
     , dwells.dwell_seconds IS NULL AS is_dwell_unknown
     , dwells.is_dwell_capped
     , CAST(CASE
           WHEN dwells.heartbeat_seconds > dwells.dwell_seconds THEN dwells.dwell_seconds
           ELSE dwells.heartbeat_seconds
       END AS DOUBLE) AS engaged_seconds
     , CAST(CASE
           WHEN dwells.seconds_to_cta_click < 0 THEN 0
           ELSE dwells.seconds_to_cta_click
       END AS DOUBLE) AS seconds_to_cta_click
     , CASE WHEN dwells.scroll_depth_ratio > 1 THEN 1 ELSE dwells.scroll_depth_ratio END AS scroll_depth_rate
  FROM dwells
