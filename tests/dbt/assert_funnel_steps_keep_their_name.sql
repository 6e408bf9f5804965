-- Rows: steps whose definitions disagree about the step's name, or about whether it is optional.
SELECT steps.funnel_name
     , steps.step_order
     , MIN(steps.step_name) AS step_name
     , MAX(steps.step_name) AS other_step_name
     , SUM(CASE WHEN steps.is_optional THEN 1 ELSE 0 END) AS optional_definition_count
     , COUNT(*) AS definition_count
  FROM {{ ref('funnel_definitions') }} AS steps
 GROUP BY steps.funnel_name
        , steps.step_order
HAVING MIN(steps.step_name) < MAX(steps.step_name)
    OR SUM(CASE WHEN steps.is_optional THEN 1 ELSE 0 END) BETWEEN 1 AND COUNT(*) - 1
