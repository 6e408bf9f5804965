-- One row per attempt × required step that it reached: first attempts, and later ones that can have converted.
SELECT steps.funnel_name
     , steps.person_id
     , 1 AS attempt_number
     , steps.required_number
     , steps.reached_at
  FROM {{ ref('funnel_ordered_steps') }} AS steps
 WHERE NOT steps.is_undecided

 UNION ALL

SELECT steps.funnel_name
     , steps.person_id
     , steps.attempt_number
     , steps.required_number
     , steps.reached_at
  FROM {{ ref('funnel_searched_steps') }} AS steps
