-- Rows: periods whose effects of mix and rate do not add up to the change of the rate since the period before.
WITH periods AS (
    SELECT trends.funnel_name
         , trends.grain
         , trends.period_start_date
         , trends.mix_effect
         , trends.rate_effect
         , trends.conversion_rate
         , LAG(trends.conversion_rate) OVER (
               PARTITION BY trends.funnel_name
                          , trends.grain
                   ORDER BY trends.period_start_date
           ) AS previous_conversion_rate
      FROM {{ ref('funnel_conversion_trends') }} AS trends
     WHERE trends.grain IN ('week', 'month')
       AND trends.segment_name = 'all'
       AND trends.mature_entry_count > 0
)

SELECT periods.funnel_name
     , periods.grain
     , periods.period_start_date
     , periods.previous_conversion_rate
     , periods.conversion_rate
     , periods.mix_effect
     , periods.rate_effect
  FROM periods
 WHERE periods.previous_conversion_rate IS NOT NULL
   AND ABS(
           periods.conversion_rate - periods.previous_conversion_rate
           - COALESCE(periods.mix_effect, 0) - COALESCE(periods.rate_effect, 0)
       ) > 1e-9
