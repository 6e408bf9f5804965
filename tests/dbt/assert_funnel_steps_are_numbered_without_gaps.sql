-- Rows: the steps of a funnel that do not follow the one before; steps are numbered 1, 2, 3 and so on.
SELECT steps.funnel_name
     , steps.step_order
     , MIN(steps.step_name) AS step_name
     , COALESCE(LAG(steps.step_order) OVER (PARTITION BY steps.funnel_name ORDER BY steps.step_order), 0) + 1
       AS expected_step_order
  FROM {{ ref('funnel_definitions') }} AS steps
 GROUP BY steps.funnel_name
        , steps.step_order
QUALIFY steps.step_order
        <> COALESCE(LAG(steps.step_order) OVER (PARTITION BY steps.funnel_name ORDER BY steps.step_order), 0) + 1
