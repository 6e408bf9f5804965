-- One row per funnel × step that was added inside the data × period: conversion of the entries before it and since.
WITH additions AS (
    SELECT steps.funnel_name
         , steps.step_order
         , MIN(steps.step_name) AS step_name
         , MIN(steps.valid_from_date) AS valid_from_date
      FROM {{ ref('funnel_definitions') }} AS steps
     GROUP BY steps.funnel_name
            , steps.step_order
    HAVING COUNT(steps.valid_from_date) = COUNT(*)
)

, periods AS (
    SELECT additions.funnel_name
         , additions.step_order
         , additions.step_name
         , additions.valid_from_date
         , entries.entered_date >= additions.valid_from_date AS is_after
         , MIN(entries.entered_date) AS first_entered_date
         , MAX(entries.entered_date) AS last_entered_date
         , COUNT(*) AS mature_entry_count
         , COUNT(entries.converted_at) AS converted_count
      FROM additions
     INNER JOIN {{ ref('funnel_first_entries') }} AS entries
        ON entries.funnel_name = additions.funnel_name
     WHERE entries.is_mature
     GROUP BY additions.funnel_name
            , additions.step_order
            , additions.step_name
            , additions.valid_from_date
            , entries.entered_date >= additions.valid_from_date
)

, comparisons AS (
    SELECT periods.funnel_name
         , periods.step_order
         , periods.step_name
         , periods.valid_from_date
         , periods.is_after
         , periods.first_entered_date
         , periods.last_entered_date
         , periods.mature_entry_count
         , periods.converted_count
         , CAST(earlier.converted_count AS DOUBLE) / earlier.mature_entry_count AS earlier_conversion_rate
         , {{ two_proportion_z(
               'periods.converted_count', 'periods.mature_entry_count'
             , 'earlier.converted_count', 'earlier.mature_entry_count'
           ) }} AS z_score
      FROM periods
      LEFT JOIN periods AS earlier
        ON earlier.funnel_name = periods.funnel_name
       AND earlier.step_order = periods.step_order
       AND earlier.is_after < periods.is_after
   QUALIFY COUNT(*) OVER (
               PARTITION BY periods.funnel_name
                          , periods.step_order
           ) = 2 -- people entered before and after
)

SELECT comparisons.funnel_name
     , comparisons.step_order
     , comparisons.step_name
     , comparisons.valid_from_date
     , CASE WHEN comparisons.is_after THEN 'after' ELSE 'before' END AS period
     , comparisons.first_entered_date
     , comparisons.last_entered_date
     , CAST(comparisons.mature_entry_count AS BIGINT) AS mature_entry_count
     , CAST(comparisons.converted_count AS BIGINT) AS converted_count
     , CAST(comparisons.converted_count AS DOUBLE) / comparisons.mature_entry_count AS conversion_rate
     , {{ wilson_low('comparisons.converted_count', 'comparisons.mature_entry_count') }} AS conversion_rate_low
     , {{ wilson_high('comparisons.converted_count', 'comparisons.mature_entry_count') }} AS conversion_rate_high
     , 100 * (
           CAST(comparisons.converted_count AS DOUBLE) / comparisons.mature_entry_count
           - comparisons.earlier_conversion_rate
       ) AS difference_in_points
     , comparisons.z_score
     , {{ normal_two_sided_p('comparisons.z_score') }} AS p_value
     , comparisons.mature_entry_count >= {{ var('reportable_count') }} AS is_reportable
  FROM comparisons
