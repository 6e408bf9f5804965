-- Rows: funnels, months and segments whose rates from step to step do not multiply to the rate of the last step.
WITH constant_funnels AS (
    {{ constant_funnels() }}
)

, overall_rates AS (
    SELECT conversions.funnel_name
         , conversions.entered_month_start_date
         , conversions.segment_name
         , conversions.segment_value
         , MIN(conversions.rate_of_first) AS rate_of_last_step

         -- after a step that nobody passes the rates are unknown, and the product is 0
         , CASE
               WHEN MIN(conversions.rate_of_previous) = 0 THEN 0
               ELSE EXP(SUM(LN(NULLIF(conversions.rate_of_previous, 0))))
           END AS product_of_rates
      FROM {{ ref('funnel_step_conversion') }} AS conversions
     INNER JOIN constant_funnels
        ON constant_funnels.funnel_name = conversions.funnel_name
     WHERE NOT conversions.is_optional
     GROUP BY conversions.funnel_name
            , conversions.entered_month_start_date
            , conversions.segment_name
            , conversions.segment_value
)

SELECT overall_rates.funnel_name
     , overall_rates.entered_month_start_date
     , overall_rates.segment_name
     , overall_rates.segment_value
     , overall_rates.rate_of_last_step
     , overall_rates.product_of_rates
  FROM overall_rates
 WHERE ABS(overall_rates.product_of_rates - overall_rates.rate_of_last_step) > 1e-9
