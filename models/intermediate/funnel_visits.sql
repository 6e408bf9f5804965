-- One row per funnel × visit to one of its pages, between the entry and its conversion or the end of its window.
-- Numbered before the wide columns of page_views are joined: to sort those as well costs time and memory.
SELECT hits.event_id
     , entries.funnel_entry_id
     , entries.funnel_name
     , hits.step_order
     , steps.step_name
     , CAST(ROW_NUMBER() OVER (
           PARTITION BY entries.funnel_entry_id
                      , hits.step_order
               ORDER BY hits.hit_at
                      , hits.event_id
       ) AS INTEGER) AS visit_number
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_step_hits') }} AS hits
    ON hits.funnel_name = entries.funnel_name
   AND hits.person_id = entries.person_id
   AND hits.hit_at >= entries.entered_at
   AND hits.hit_at <= entries.measured_until_at
 INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
    ON steps.funnel_name = entries.funnel_name
   AND steps.entered_date = entries.entered_date
   AND steps.step_order = hits.step_order
 INNER JOIN {{ ref('page_loads') }} AS loads
    ON loads.event_id = hits.event_id
   AND loads.is_visit_start
