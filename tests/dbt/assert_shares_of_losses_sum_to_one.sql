-- Rows: funnels, months and segments that lost people, but whose steps' shares of the losses do not add up to 1.
SELECT conversions.funnel_name
     , conversions.entered_month_start_date
     , conversions.segment_name
     , conversions.segment_value
     , SUM(conversions.lost_count) AS lost_count
     , SUM(conversions.share_of_all_losses) AS share_of_all_losses
  FROM {{ ref('funnel_step_conversion') }} AS conversions
 GROUP BY conversions.funnel_name
        , conversions.entered_month_start_date
        , conversions.segment_name
        , conversions.segment_value
HAVING SUM(conversions.lost_count) > 0
   AND ABS(COALESCE(SUM(conversions.share_of_all_losses), 0) - 1) > 1e-9
