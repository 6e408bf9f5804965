-- One row per attempt of which first hits do not tell enough, with the step from which on its hits must be searched.
WITH unconverted_people AS (
    SELECT attempts.funnel_name
         , attempts.person_id
      FROM {{ ref('funnel_attempts') }} AS attempts
      LEFT JOIN {{ ref('funnel_ordered_steps') }} AS steps
        ON steps.funnel_name = attempts.funnel_name
       AND steps.person_id = attempts.person_id
       AND steps.required_number = attempts.required_count
     WHERE attempts.attempt_number = 1
       AND steps.person_id IS NULL
)

, attempts_with_last_step AS (
    SELECT attempts.funnel_name
         , attempts.person_id
         , attempts.attempt_number
      FROM {{ ref('funnel_attempts') }} AS attempts
     INNER JOIN unconverted_people
        ON unconverted_people.funnel_name = attempts.funnel_name
       AND unconverted_people.person_id = attempts.person_id
     INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
        ON steps.funnel_name = attempts.funnel_name
       AND steps.entered_date = attempts.started_date
       AND steps.required_number = attempts.required_count
     INNER JOIN {{ ref('funnel_step_hits') }} AS hits
        ON hits.funnel_name = attempts.funnel_name
       AND hits.person_id = attempts.person_id
       AND hits.step_order = steps.step_order
       AND hits.hit_at >= attempts.started_at
       AND hits.hit_at <= attempts.window_ends_at
     WHERE attempts.attempt_number > 1
       AND NOT steps.is_optional
     GROUP BY attempts.funnel_name
            , attempts.person_id
            , attempts.attempt_number
)

SELECT attempts.funnel_name
     , attempts.person_id
     , attempts.attempt_number
     , attempts.started_date
     , attempts.window_ends_at
     , COALESCE(steps.required_number, 1) AS required_number
     , COALESCE(steps.reached_at, attempts.started_at) AS reached_at
  FROM {{ ref('funnel_attempts') }} AS attempts
  LEFT JOIN {{ ref('funnel_ordered_steps') }} AS steps
    ON steps.funnel_name = attempts.funnel_name
   AND steps.person_id = attempts.person_id
   AND attempts.attempt_number = 1
   AND steps.is_undecided
  LEFT JOIN attempts_with_last_step
    ON attempts_with_last_step.funnel_name = attempts.funnel_name
   AND attempts_with_last_step.person_id = attempts.person_id
   AND attempts_with_last_step.attempt_number = attempts.attempt_number
 WHERE steps.person_id IS NOT NULL
    OR attempts_with_last_step.person_id IS NOT NULL
