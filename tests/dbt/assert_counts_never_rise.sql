-- Rows: required steps that more people reached than the required step before, or that others than these could reach.
WITH constant_funnels AS (
    {{ constant_funnels() }}
)

, required_steps AS (
    SELECT conversions.funnel_name
         , conversions.entered_month_start_date
         , conversions.segment_name
         , conversions.segment_value
         , conversions.step_order
         , conversions.step_name
         , conversions.eligible_count
         , conversions.reached_count
         , LAG(conversions.reached_count) OVER (
               PARTITION BY conversions.funnel_name
                          , conversions.entered_month_start_date
                          , conversions.segment_name
                          , conversions.segment_value
                   ORDER BY conversions.step_order
           ) AS previous_reached_count
      FROM {{ ref('funnel_step_conversion') }} AS conversions
     INNER JOIN constant_funnels
        ON constant_funnels.funnel_name = conversions.funnel_name
     WHERE NOT conversions.is_optional
)

SELECT required_steps.funnel_name
     , required_steps.entered_month_start_date
     , required_steps.segment_name
     , required_steps.segment_value
     , required_steps.step_order
     , required_steps.step_name
     , required_steps.previous_reached_count
     , required_steps.eligible_count
     , required_steps.reached_count
  FROM required_steps
 WHERE required_steps.reached_count > required_steps.previous_reached_count
    OR required_steps.eligible_count <> required_steps.previous_reached_count
