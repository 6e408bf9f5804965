-- Rows: steps of an entry with more time of activity than time on the page, where all of that time is known.
SELECT entry_steps.funnel_entry_id
     , entry_steps.funnel_name
     , entry_steps.person_id
     , entry_steps.step_order
     , entry_steps.visit_count
     , entry_steps.dwell_seconds
     , entry_steps.engaged_seconds
  FROM {{ ref('funnel_entry_steps') }} AS entry_steps
 WHERE NOT entry_steps.has_unknown_dwell
   AND entry_steps.engaged_seconds > entry_steps.dwell_seconds
