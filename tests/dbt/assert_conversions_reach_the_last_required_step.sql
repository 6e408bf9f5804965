-- Rows: entries that are converted without their last required step being reached, or the reverse.
WITH last_steps AS (
    SELECT entry_steps.funnel_entry_id
         , entry_steps.step_order
         , entry_steps.is_reached
         , entry_steps.reached_at
      FROM {{ ref('funnel_entry_steps') }} AS entry_steps
     WHERE NOT entry_steps.is_optional
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY entry_steps.funnel_entry_id
                   ORDER BY entry_steps.step_order DESC NULLS LAST
           ) = 1
)

SELECT entries.funnel_entry_id
     , entries.funnel_name
     , entries.person_id
     , entries.is_converted
     , entries.converted_at
     , last_steps.step_order AS last_step_order
     , last_steps.is_reached AS is_last_step_reached
     , last_steps.reached_at AS last_step_reached_at
  FROM {{ ref('funnel_entries') }} AS entries
  LEFT JOIN last_steps
    ON last_steps.funnel_entry_id = entries.funnel_entry_id
 WHERE entries.is_converted IS DISTINCT FROM last_steps.is_reached
    OR entries.converted_at IS DISTINCT FROM last_steps.reached_at
