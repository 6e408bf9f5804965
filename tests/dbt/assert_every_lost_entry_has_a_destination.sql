-- Rows: funnels of which funnel_drop_off_destinations does not tell every mature entry without conversion once.
WITH lost AS (
    SELECT destinations.funnel_name
         , SUM(destinations.entry_count) AS entry_count
      FROM {{ ref('funnel_drop_off_destinations') }} AS destinations
     GROUP BY destinations.funnel_name
)

SELECT trends.funnel_name
     , trends.mature_entry_count
     , trends.converted_count
     , lost.entry_count
  FROM {{ ref('funnel_conversion_trends') }} AS trends
  LEFT JOIN lost
    ON lost.funnel_name = trends.funnel_name
 WHERE trends.grain = 'all'
   AND trends.segment_name = 'all'
   AND COALESCE(lost.entry_count, 0) <> trends.mature_entry_count - trends.converted_count
