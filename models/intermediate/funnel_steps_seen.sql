-- One row per entry × step of which the entry's window holds a hit, in whatever order: what tracking saw.
SELECT entries.funnel_entry_id
     , hits.step_order
     , COUNT(CASE WHEN hits.hit_at <= entries.measured_until_at THEN hits.event_id END) AS hit_count
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_step_hits') }} AS hits
    ON hits.funnel_name = entries.funnel_name
   AND hits.person_id = entries.person_id
   AND hits.hit_at >= entries.entered_at
   AND hits.hit_at <= entries.window_ends_at
 INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
    ON steps.funnel_name = entries.funnel_name
   AND steps.entered_date = entries.entered_date
   AND steps.step_order = hits.step_order
 GROUP BY entries.funnel_entry_id
        , hits.step_order
