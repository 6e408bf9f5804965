-- One row per funnel × person × time at the funnel's first step; the first attempt is the entry.
SELECT hits.funnel_name
     , hits.person_id
     , ROW_NUMBER() OVER (
           PARTITION BY hits.funnel_name
                      , hits.person_id
               ORDER BY hits.hit_at
       ) AS attempt_number
     , hits.hit_at AS started_at
     , {{ dbt.dateadd('day', 'MIN(steps.conversion_window_days)', 'hits.hit_at') }} AS window_ends_at
     , MIN(hits.hit_date) AS started_date
     , MIN(steps.required_count) AS required_count
     , MIN(hits.event_id) AS event_id
  FROM {{ ref('funnel_step_hits') }} AS hits
 INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
    ON steps.funnel_name = hits.funnel_name
   AND steps.entered_date = hits.hit_date
   AND steps.step_order = hits.step_order
 WHERE steps.required_number = 1
   AND NOT steps.is_optional
 GROUP BY hits.funnel_name
        , hits.person_id
        , hits.hit_at
