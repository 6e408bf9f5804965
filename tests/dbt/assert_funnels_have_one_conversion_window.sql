-- Rows: funnels whose steps disagree about the conversion window, which is the funnel's.
SELECT steps.funnel_name
     , MIN(steps.conversion_window_days) AS shortest_window_days
     , MAX(steps.conversion_window_days) AS longest_window_days
  FROM {{ ref('funnel_definitions') }} AS steps
 GROUP BY steps.funnel_name
HAVING MIN(steps.conversion_window_days) < MAX(steps.conversion_window_days)
