-- Rows: required steps that were reached before the required step in front of them, or without it.
WITH required_steps AS (
    SELECT entry_steps.funnel_entry_id
         , entry_steps.funnel_name
         , entry_steps.person_id
         , entry_steps.step_order
         , entry_steps.reached_at
         , LAG(entry_steps.step_order) OVER (
               PARTITION BY entry_steps.funnel_entry_id
                   ORDER BY entry_steps.step_order
           ) AS previous_step_order
         , LAG(entry_steps.reached_at) OVER (
               PARTITION BY entry_steps.funnel_entry_id
                   ORDER BY entry_steps.step_order
           ) AS previous_reached_at
      FROM {{ ref('funnel_entry_steps') }} AS entry_steps
     WHERE NOT entry_steps.is_optional
)

SELECT required_steps.funnel_entry_id
     , required_steps.funnel_name
     , required_steps.person_id
     , required_steps.previous_step_order
     , required_steps.previous_reached_at
     , required_steps.step_order
     , required_steps.reached_at
  FROM required_steps
 WHERE required_steps.reached_at < required_steps.previous_reached_at
    OR (
           required_steps.reached_at IS NOT NULL
           AND required_steps.previous_step_order IS NOT NULL
           AND required_steps.previous_reached_at IS NULL
       )
