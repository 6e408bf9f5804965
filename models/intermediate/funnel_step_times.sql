-- One row per entry × step that applies to it: when it was reached; optional steps are filled in between required ones.
WITH entry_steps AS (
    SELECT entries.funnel_entry_id
         , entries.funnel_name
         , entries.person_id
         , entries.window_ends_at
         , steps.step_order
         , steps.step_name
         , steps.is_optional
         , steps.required_number

         -- of an optional step: the required step before it
         , own.reached_at AS own_reached_at
         , previous.reached_at AS previous_reached_at
         , next_step.reached_at AS next_reached_at
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
        ON steps.funnel_name = entries.funnel_name
       AND steps.entered_date = entries.entered_date
      LEFT JOIN {{ ref('funnel_attempt_steps') }} AS own
        ON own.funnel_name = entries.funnel_name
       AND own.person_id = entries.person_id
       AND own.attempt_number = 1
       AND own.required_number = steps.required_number
      LEFT JOIN {{ ref('funnel_attempt_steps') }} AS previous
        ON previous.funnel_name = entries.funnel_name
       AND previous.person_id = entries.person_id
       AND previous.attempt_number = 1
       AND previous.required_number = steps.required_number - 1
      LEFT JOIN {{ ref('funnel_attempt_steps') }} AS next_step
        ON next_step.funnel_name = entries.funnel_name
       AND next_step.person_id = entries.person_id
       AND next_step.attempt_number = 1
       AND next_step.required_number = steps.required_number + 1
)

, optional_steps AS (
    SELECT entry_steps.funnel_entry_id
         , entry_steps.step_order
         , MIN(hits.hit_at) AS reached_at
      FROM entry_steps
     INNER JOIN {{ ref('funnel_step_hits') }} AS hits
        ON hits.funnel_name = entry_steps.funnel_name
       AND hits.person_id = entry_steps.person_id
       AND hits.step_order = entry_steps.step_order
       AND hits.hit_at >= entry_steps.own_reached_at
       AND hits.hit_at <= COALESCE(entry_steps.next_reached_at, entry_steps.window_ends_at)
     WHERE entry_steps.is_optional
     GROUP BY entry_steps.funnel_entry_id
            , entry_steps.step_order
)

SELECT entry_steps.funnel_entry_id
     , entry_steps.step_order
     , entry_steps.step_name
     , entry_steps.is_optional
     , entry_steps.required_number
     , CASE
           WHEN entry_steps.is_optional THEN optional_steps.reached_at
           ELSE entry_steps.own_reached_at
       END AS reached_at
     , CASE
           WHEN entry_steps.is_optional THEN entry_steps.own_reached_at
           ELSE entry_steps.previous_reached_at
       END AS previous_required_reached_at
  FROM entry_steps
  LEFT JOIN optional_steps
    ON optional_steps.funnel_entry_id = entry_steps.funnel_entry_id
   AND optional_steps.step_order = entry_steps.step_order
