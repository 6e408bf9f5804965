-- Rows: funnels with more required steps than the chain is unrolled for; raise var max_funnel_steps.
SELECT steps.funnel_name
     , COUNT(DISTINCT steps.step_order) AS required_step_count -- distinct: a step may have a row per period
     , {{ var('max_funnel_steps') }} AS max_funnel_steps
  FROM {{ ref('funnel_definitions') }} AS steps
 WHERE NOT steps.is_optional
 GROUP BY steps.funnel_name
HAVING COUNT(DISTINCT steps.step_order) > {{ var('max_funnel_steps') }}
