-- One row per funnel × entry month (NULL: all) × segment × step: mature entries that reach it, and where they are lost.
{%- set cell -%}
    PARTITION BY steps.funnel_name
                      , steps.entered_month_start_date
                      , steps.segment_name
                      , steps.segment_value
{%- endset %}

WITH steps AS (
    SELECT counts.funnel_name
         , counts.entered_month_start_date
         , counts.segment_name
         , counts.segment_value
         , counts.step_order
         , counts.step_name
         , counts.is_optional
         , counts.entry_count
         , counts.eligible_count
         , counts.reached_count
         , CASE
               WHEN counts.is_optional OR counts.step_order = 1 THEN NULL
               ELSE counts.eligible_count - counts.reached_count
           END AS lost_count
         , CASE WHEN counts.step_order = 1 THEN NULL ELSE counts.reached_count END AS passed_count
         , counts.median_seconds_from_previous_step
         , counts.eligible_count >= {{ var('reportable_count') }} AS is_reportable
      FROM {{ ref('funnel_step_counts') }} AS counts
)

SELECT steps.funnel_name
     , steps.entered_month_start_date
     , steps.segment_name
     , steps.segment_value
     , steps.step_order
     , steps.step_name
     , steps.is_optional
     , CAST(steps.entry_count AS BIGINT) AS entry_count
     , CAST(steps.eligible_count AS BIGINT) AS eligible_count
     , CAST(steps.reached_count AS BIGINT) AS reached_count
     , CAST(steps.lost_count AS BIGINT) AS lost_count
     , CAST(steps.reached_count AS DOUBLE) / NULLIF(steps.entry_count, 0) AS rate_of_first
     , CAST(steps.passed_count AS DOUBLE) / NULLIF(steps.eligible_count, 0) AS rate_of_previous
     , CAST(steps.lost_count AS DOUBLE) / NULLIF(steps.eligible_count, 0) AS drop_off_rate
     , CAST(steps.lost_count AS DOUBLE) / NULLIF(SUM(steps.lost_count) OVER ({{ cell }}), 0) AS share_of_all_losses
     , {{ wilson_low('steps.passed_count', 'steps.eligible_count') }} AS rate_of_previous_low
     , {{ wilson_high('steps.passed_count', 'steps.eligible_count') }} AS rate_of_previous_high
     , COALESCE(steps.lost_count > 0 AND ROW_NUMBER() OVER (
           {{ cell }}
               ORDER BY COALESCE(steps.lost_count, 0) DESC
                      , steps.step_order
       ) = 1, FALSE) AS is_largest_drop_off_by_count
     , COALESCE(steps.is_reportable AND steps.lost_count > 0 AND ROW_NUMBER() OVER (
           {{ cell }}
               ORDER BY CASE
                            WHEN steps.is_reportable AND steps.lost_count > 0
                                THEN CAST(steps.lost_count AS DOUBLE) / steps.eligible_count
                            ELSE 0
                        END DESC NULLS LAST
                      , steps.step_order
       ) = 1, FALSE) AS is_largest_drop_off_by_rate
     , CAST(steps.median_seconds_from_previous_step AS DOUBLE) AS median_seconds_from_previous_step
     , steps.is_reportable
  FROM steps
