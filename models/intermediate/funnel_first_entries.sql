-- One row per funnel × person: the first entry, what became of it, and whether a later attempt did better.
WITH observation AS (
    -- a clock that runs ahead of the collector must not end the observation early for everybody
    SELECT MAX(events.event_at) AS observed_until_at
      FROM {{ ref('unique_events') }} AS events
     WHERE NOT events.is_ahead_of_collection
)

, outcomes AS (
    SELECT steps.funnel_name
         , steps.person_id
         , steps.attempt_number
         , MAX(steps.required_number) AS furthest_required_number
         , MAX(steps.reached_at) AS furthest_reached_at
      FROM {{ ref('funnel_attempt_steps') }} AS steps
     GROUP BY steps.funnel_name
            , steps.person_id
            , steps.attempt_number
)

, people AS (
    SELECT attempts.funnel_name
         , attempts.person_id
         , COUNT(*) AS entry_count
         , COUNT(CASE WHEN outcomes.furthest_required_number = attempts.required_count THEN 1 END)
           AS converted_attempt_count
         , MAX(CASE WHEN attempts.attempt_number = 1 THEN outcomes.furthest_required_number END)
           AS furthest_required_number
         , MAX(CASE
                   WHEN attempts.attempt_number = 1
                        AND outcomes.furthest_required_number = attempts.required_count
                       THEN outcomes.furthest_reached_at
               END) AS converted_at
      FROM {{ ref('funnel_attempts') }} AS attempts
      LEFT JOIN outcomes
        ON outcomes.funnel_name = attempts.funnel_name
       AND outcomes.person_id = attempts.person_id
       AND outcomes.attempt_number = attempts.attempt_number
     GROUP BY attempts.funnel_name
            , attempts.person_id
)

SELECT {{ dbt_utils.generate_surrogate_key(['attempts.funnel_name', 'attempts.person_id']) }} AS funnel_entry_id
     , attempts.funnel_name
     , attempts.person_id
     , attempts.event_id
     , attempts.started_at AS entered_at
     , attempts.started_date AS entered_date
     , attempts.window_ends_at
     , attempts.required_count
     , people.furthest_required_number
     , people.converted_at
     , COALESCE(people.converted_at, attempts.window_ends_at) AS measured_until_at
     , observation.observed_until_at
     , attempts.window_ends_at <= observation.observed_until_at AS is_mature
     , people.entry_count
     , people.converted_attempt_count > 0 AS is_converted_ever
  FROM {{ ref('funnel_attempts') }} AS attempts
 INNER JOIN people
    ON people.funnel_name = attempts.funnel_name
   AND people.person_id = attempts.person_id
 CROSS JOIN observation
 WHERE attempts.attempt_number = 1
