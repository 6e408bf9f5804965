-- One row per funnel × entry month (NULL: all) × segment × step: the mature entries that could reach it, and that did.
SELECT entries.funnel_name
     , periods.period_start_date AS entered_month_start_date
     , segments.segment_name
     , segments.segment_value
     , times.step_order
     , times.step_name
     , times.is_optional
     , COUNT(*) AS entry_count
     , SUM(CASE
               WHEN times.required_number = 1 OR times.previous_required_reached_at IS NOT NULL THEN 1
               ELSE 0
           END) AS eligible_count
     , COUNT(times.reached_at) AS reached_count
     , MEDIAN({{ seconds_between('times.previous_required_reached_at', 'times.reached_at') }})
       AS median_seconds_from_previous_step
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_step_times') }} AS times
    ON times.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN {{ ref('funnel_entry_segments') }} AS segments
    ON segments.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN {{ ref('reporting_periods') }} AS periods
    ON periods.reported_date = entries.entered_date
   AND periods.grain IN ('month', 'all')
 WHERE entries.is_mature
 GROUP BY entries.funnel_name
        , periods.period_start_date
        , segments.segment_name
        , segments.segment_value
        , times.step_order
        , times.step_name
        , times.is_optional
