-- Rows: funnels, months and segments for which three tables count different mature entries.
WITH counts AS (
    SELECT entries.funnel_name
         , CASE WHEN grains.grain = 'month' THEN entries.entered_month_start_date END AS entered_month_start_date
         , segments.segment_name
         , segments.segment_value
         , CASE WHEN entries.is_mature THEN 1 ELSE 0 END AS entries_count
         , 0 AS trends_count
         , 0 AS conversion_count
      FROM {{ ref('funnel_entries') }} AS entries
     INNER JOIN {{ ref('funnel_entry_profiles') }} AS profiles
        ON profiles.funnel_entry_id = entries.funnel_entry_id
     INNER JOIN {{ ref('funnel_profile_segments') }} AS segments
        ON segments.profile_number = profiles.profile_number
     CROSS JOIN (
            VALUES ('month')
                 , ('all')
           ) AS grains (grain)

     UNION ALL

    SELECT trends.funnel_name
         , trends.period_start_date AS entered_month_start_date
         , trends.segment_name
         , trends.segment_value
         , 0 AS entries_count
         , trends.mature_entry_count AS trends_count
         , 0 AS conversion_count
      FROM {{ ref('funnel_conversion_trends') }} AS trends
     WHERE trends.grain IN ('month', 'all')

     UNION ALL

    SELECT conversions.funnel_name
         , conversions.entered_month_start_date
         , conversions.segment_name
         , conversions.segment_value
         , 0 AS entries_count
         , 0 AS trends_count
         , conversions.reached_count AS conversion_count
      FROM {{ ref('funnel_step_conversion') }} AS conversions
     WHERE conversions.step_order = 1
)

SELECT counts.funnel_name
     , counts.entered_month_start_date
     , counts.segment_name
     , counts.segment_value
     , SUM(counts.entries_count) AS entries_count
     , SUM(counts.trends_count) AS trends_count
     , SUM(counts.conversion_count) AS conversion_count
  FROM counts
 GROUP BY counts.funnel_name
        , counts.entered_month_start_date
        , counts.segment_name
        , counts.segment_value
HAVING SUM(counts.entries_count) <> SUM(counts.trends_count)
    OR SUM(counts.entries_count) <> SUM(counts.conversion_count)
