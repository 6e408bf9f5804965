-- One row per page view id and session, numbered by visit: two loads of one page within seconds are one visit.
{%- set timeline = 'PARTITION BY views.domain_sessionid ORDER BY views.viewed_at, views.event_id' %}
{%- set visits_timeline = 'PARTITION BY loads.domain_sessionid ORDER BY loads.viewed_at, loads.event_id' %}

WITH views AS (
    SELECT events.event_id
         , COALESCE(events.page_view_id, events.event_id) AS page_view_id
         , events.person_id
         , events.domain_sessionid
         , events.page_urlpath
         , events.referrer_host
         , events.event_at AS viewed_at
      FROM {{ ref('member_events') }} AS events
     WHERE events.event_name = 'page_view'
       AND events.exclusion_reason IS NULL
)

-- Few are numbered; that two may have one hash makes a few more.
, repeated_hashes AS (
    SELECT HASH(views.domain_sessionid, views.page_view_id) AS load_hash
      FROM views
     GROUP BY HASH(views.domain_sessionid, views.page_view_id)
    HAVING COUNT(*) > 1
)

, repeats AS (
    SELECT views.event_id
      FROM views
     INNER JOIN repeated_hashes
        ON repeated_hashes.load_hash = HASH(views.domain_sessionid, views.page_view_id)
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY views.domain_sessionid
                          , views.page_view_id
                   ORDER BY views.viewed_at
                          , views.event_id
           ) > 1
)

, loads AS (
    SELECT views.event_id
         , views.domain_sessionid
         , views.viewed_at
         , CASE
               WHEN views.domain_sessionid IS NULL THEN TRUE
               WHEN views.page_urlpath = LAG(views.page_urlpath) OVER ({{ timeline }})
                    AND views.viewed_at <= {{ dbt.dateadd(
                        'second', var('double_fire_seconds'), 'LAG(views.viewed_at) OVER (' ~ timeline ~ ')'
                    ) }}
                   THEN FALSE
               ELSE TRUE
           END AS is_visit_start
         , ROW_NUMBER() OVER ({{ timeline }}) AS load_number
         , LEAD(views.viewed_at) OVER ({{ timeline }}) AS next_loaded_at
      FROM views
      LEFT JOIN repeats
        ON repeats.event_id = views.event_id
     WHERE repeats.event_id IS NULL
)

-- in all other sessions each load is a visit
, double_fires AS (
    SELECT loads.event_id
         , SUM(CASE WHEN loads.is_visit_start THEN 1 ELSE 0 END) OVER (
               {{ visits_timeline }}
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           ) AS visit_number
         , {{ first_known(
               'CASE WHEN loads.is_visit_start THEN loads.viewed_at END'
             , visits_timeline ~ ' ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING'
           ) }} AS next_viewed_at
      FROM loads
     WHERE loads.domain_sessionid IN (
               SELECT fires.domain_sessionid FROM loads AS fires
                WHERE NOT fires.is_visit_start
           )
)

SELECT views.event_id
     , views.page_view_id
     , views.person_id
     , views.domain_sessionid
     , views.page_urlpath
     , views.referrer_host
     , views.viewed_at
     , loads.is_visit_start
     , CAST(COALESCE(double_fires.visit_number, loads.load_number) AS INTEGER) AS visit_number
     , CASE WHEN double_fires.event_id IS NULL THEN loads.next_loaded_at ELSE double_fires.next_viewed_at END
       AS next_viewed_at
  FROM loads
 INNER JOIN views
    ON views.event_id = loads.event_id
  LEFT JOIN double_fires
    ON double_fires.event_id = loads.event_id
