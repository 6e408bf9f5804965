-- Rows: the first or last step of a funnel that is optional; nobody could enter, or nobody convert.
WITH ends AS (
    SELECT steps.funnel_name
         , MIN(steps.step_order) AS first_step_order
         , MAX(steps.step_order) AS last_step_order
      FROM {{ ref('funnel_definitions') }} AS steps
     GROUP BY steps.funnel_name
)

SELECT steps.funnel_name
     , CASE WHEN steps.step_order = ends.first_step_order THEN 'first' ELSE 'last' END AS funnel_end
     , steps.step_order
     , steps.step_name
     , steps.match_value
  FROM {{ ref('funnel_definitions') }} AS steps
 INNER JOIN ends
    ON ends.funnel_name = steps.funnel_name
 WHERE steps.is_optional
   AND (steps.step_order = ends.first_step_order OR steps.step_order = ends.last_step_order)
