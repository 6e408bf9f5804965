-- Rows: funnels with more steps than their queries are unrolled for; raise var max_funnel_steps.
SELECT steps.funnel_name
     , MAX(steps.step_order) AS step_count
     , {{ var('max_funnel_steps') }} AS max_funnel_steps
  FROM {{ ref('funnel_definitions') }} AS steps
 GROUP BY steps.funnel_name
HAVING MAX(steps.step_order) > {{ var('max_funnel_steps') }}
