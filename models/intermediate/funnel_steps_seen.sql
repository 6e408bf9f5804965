-- One row per entry × step of which the entry's window holds a hit, in whatever order: what tracking saw.
WITH hits_in_window AS (
    SELECT entries.funnel_entry_id
         , hits.step_order
         , MIN(entries.funnel_name) AS funnel_name
         , MIN(entries.entered_date) AS entered_date
         , COUNT(CASE WHEN hits.hit_at <= entries.measured_until_at THEN hits.event_id END) AS hit_count
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('funnel_step_hits') }} AS hits
        ON hits.funnel_name = entries.funnel_name
       AND hits.person_id = entries.person_id
       AND hits.hit_at >= entries.entered_at
       AND hits.hit_at <= entries.window_ends_at
     GROUP BY entries.funnel_entry_id
            , hits.step_order
)

SELECT seen.funnel_entry_id
     , seen.step_order
     , seen.hit_count
  FROM hits_in_window AS seen
 INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
    ON steps.funnel_name = seen.funnel_name
   AND steps.entered_date = seen.entered_date
   AND steps.step_order = seen.step_order
