-- Rows: funnels, months and segments whose lost people are not those that entered less those that converted.
WITH constant_funnels AS (
    {{ constant_funnels() }}
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
