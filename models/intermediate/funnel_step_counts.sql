-- One row per funnel × entry month (NULL: all) × segment × step: the mature entries that could reach it, and that did.
-- By numbers: there are hundreds of rows per entry, and texts would make each of them dear.
WITH times AS (
    SELECT profiles.profile_number
         , entries.entered_date
         , times.step_order
         , CASE
               WHEN times.required_number = 1 OR times.previous_required_reached_at IS NOT NULL THEN 1
               ELSE 0
           END AS eligible_count
         , CASE WHEN times.reached_at IS NOT NULL THEN 1 ELSE 0 END AS reached_count
         , {{ seconds_between('times.previous_required_reached_at', 'times.reached_at') }}
           AS seconds_from_previous_step
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('funnel_step_times') }} AS times
        ON times.funnel_entry_id = entries.funnel_entry_id
     INNER JOIN {{ ref('funnel_entry_profiles') }} AS profiles
        ON profiles.funnel_entry_id = entries.funnel_entry_id
     WHERE entries.is_mature
)

-- months and the whole time apart: together they would hold all times of all segments at once
, counts AS (
    SELECT segments.segment_number
         , CAST(NULL AS DATE) AS period_start_date
         , times.step_order
         , COUNT(*) AS entry_count
         , SUM(times.eligible_count) AS eligible_count
         , SUM(times.reached_count) AS reached_count
         , {{ percentile('times.seconds_from_previous_step', 0.5) }} AS median_seconds_from_previous_step
      FROM times
     INNER JOIN {{ ref('funnel_profile_segments') }} AS segments
        ON segments.profile_number = times.profile_number
     GROUP BY segments.segment_number
            , times.step_order

     UNION ALL

    SELECT segments.segment_number
         , months.period_start_date
         , times.step_order
         , COUNT(*) AS entry_count
         , SUM(times.eligible_count) AS eligible_count
         , SUM(times.reached_count) AS reached_count
         , {{ percentile('times.seconds_from_previous_step', 0.5) }} AS median_seconds_from_previous_step
      FROM times
     INNER JOIN {{ ref('funnel_profile_segments') }} AS segments
        ON segments.profile_number = times.profile_number
     INNER JOIN {{ ref('reporting_periods') }} AS months
        ON months.reported_date = times.entered_date
       AND months.grain = 'month'
     GROUP BY segments.segment_number
            , months.period_start_date
            , times.step_order
)

, steps AS (
    SELECT definitions.funnel_name
         , definitions.step_order
         , definitions.step_name
         , definitions.is_optional
      FROM {{ ref('funnel_definitions') }} AS definitions
     GROUP BY definitions.funnel_name
            , definitions.step_order
            , definitions.step_name
            , definitions.is_optional
)

SELECT segments.funnel_name
     , counts.period_start_date AS entered_month_start_date
     , segments.segment_name
     , segments.segment_value
     , counts.step_order
     , steps.step_name
     , steps.is_optional
     , counts.entry_count
     , counts.eligible_count
     , counts.reached_count
     , counts.median_seconds_from_previous_step
  FROM counts
 INNER JOIN {{ ref('funnel_segments') }} AS segments
    ON segments.segment_number = counts.segment_number
 INNER JOIN steps
    ON steps.funnel_name = segments.funnel_name
   AND steps.step_order = counts.step_order
