-- One row per page view id and session, numbered by visit: two loads of one page within seconds are one visit.
{%- set timeline = 'PARTITION BY loads.domain_sessionid ORDER BY loads.viewed_at, loads.event_id' %}
{%- set visits_timeline = 'PARTITION BY visits.domain_sessionid ORDER BY visits.viewed_at, visits.event_id' %}

WITH loads AS (
    SELECT events.event_id
         , COALESCE(events.page_view_id, events.event_id) AS page_view_id
         , events.person_id
         , events.domain_userid
         , events.domain_sessionid
         , events.page_urlpath
         , events.referrer_host
         , events.device_type
         , events.event_at AS viewed_at
      FROM {{ ref('member_events') }} AS events
     WHERE events.event_name = 'page_view'
       AND events.exclusion_reason IS NULL
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY events.domain_sessionid
                          , COALESCE(events.page_view_id, events.event_id)
                   ORDER BY events.event_at
                          , events.event_id
           ) = 1
)

, visits AS (
    SELECT loads.event_id
         , loads.page_view_id
         , loads.person_id
         , loads.domain_userid
         , loads.domain_sessionid
         , loads.page_urlpath
         , loads.referrer_host
         , loads.device_type
         , loads.viewed_at
         , CASE
               WHEN loads.domain_sessionid IS NULL THEN TRUE
               WHEN loads.page_urlpath = LAG(loads.page_urlpath) OVER ({{ timeline }})
                    AND loads.viewed_at <= {{ dbt.dateadd(
                        'second', var('double_fire_seconds'), 'LAG(loads.viewed_at) OVER (' ~ timeline ~ ')'
                    ) }}
                   THEN FALSE
               ELSE TRUE
           END AS is_visit_start
      FROM loads
)

SELECT visits.event_id
     , visits.page_view_id
     , visits.person_id
     , visits.domain_userid
     , visits.domain_sessionid
     , visits.page_urlpath
     , visits.referrer_host
     , visits.device_type
     , visits.viewed_at
     , visits.is_visit_start
     , SUM(CASE WHEN visits.is_visit_start THEN 1 ELSE 0 END) OVER (
           {{ visits_timeline }}
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) AS visit_number
     , {{ first_known(
           'CASE WHEN visits.is_visit_start THEN visits.viewed_at END'
         , visits_timeline ~ ' ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING'
       ) }} AS next_viewed_at
  FROM visits
