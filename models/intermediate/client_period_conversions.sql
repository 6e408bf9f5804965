-- One row per funnel × grain × period × client: the mature entries and how many of them converted.
SELECT entries.funnel_name
     , periods.grain
     , periods.period_start_date
     , COALESCE(dimensions.client_id, 'unknown') AS client_id
     , COUNT(*) AS mature_entry_count
     , COUNT(entries.converted_at) AS converted_count
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_entry_dimensions') }} AS dimensions
    ON dimensions.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN {{ ref('reporting_periods') }} AS periods
    ON periods.reported_date = entries.entered_date
   AND periods.grain IN ('week', 'month')
 WHERE entries.is_mature
 GROUP BY entries.funnel_name
        , periods.grain
        , periods.period_start_date
        , COALESCE(dimensions.client_id, 'unknown')
