-- Rows: funnels, months and segments whose lost people are not those that entered less those that converted.
WITH constant_funnels AS (
    SELECT steps.funnel_name
      FROM {{ ref('funnel_daily_steps') }} AS steps
     WHERE NOT steps.is_optional
     GROUP BY steps.funnel_name
    -- distinct: every required step on every date, so that all entries have the same ones
    HAVING COUNT(*) = COUNT(DISTINCT steps.step_order) * COUNT(DISTINCT steps.entered_date)
)

SELECT conversions.funnel_name
     , conversions.entered_month_start_date
     , conversions.segment_name
     , conversions.segment_value
     , SUM(COALESCE(conversions.lost_count, 0)) AS lost_count
     , MAX(conversions.reached_count) AS first_reached_count
     , MIN(conversions.reached_count) AS last_reached_count
  FROM {{ ref('funnel_step_conversion') }} AS conversions
 INNER JOIN constant_funnels
    ON constant_funnels.funnel_name = conversions.funnel_name
 WHERE NOT conversions.is_optional
 GROUP BY conversions.funnel_name
        , conversions.entered_month_start_date
        , conversions.segment_name
        , conversions.segment_value
HAVING SUM(COALESCE(conversions.lost_count, 0)) <> MAX(conversions.reached_count) - MIN(conversions.reached_count)
