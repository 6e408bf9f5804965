-- Rows: load dates on which the deliveries in base and those in event_accounting differ, whichever is more.
SELECT counts.load_date
     , SUM(counts.delivered_count) AS delivered_count
     , SUM(counts.accounted_count) AS accounted_count
  FROM (
        SELECT events.loaded_date AS load_date
             , COUNT(*) AS delivered_count
             , 0 AS accounted_count
          FROM {{ ref('events') }} AS events
         GROUP BY events.loaded_date

         UNION ALL

        SELECT accounting.load_date
             , 0 AS delivered_count
             , accounting.event_count AS accounted_count
          FROM {{ ref('event_accounting') }} AS accounting
       ) AS counts
 GROUP BY counts.load_date
HAVING SUM(counts.delivered_count) <> SUM(counts.accounted_count)
