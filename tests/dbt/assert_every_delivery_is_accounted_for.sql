-- Rows: the deliveries in the source and those in event_accounting differ in number, whichever is more.
SELECT counts.delivered_count
     , counts.accounted_count
  FROM (
        SELECT (
                   SELECT COUNT(*) FROM {{ source('snowplow', 'events') }} AS deliveries
                   -- what was loaded while the models were built is the next build's
                    WHERE COALESCE(
                              {{ utc_timestamp('deliveries.load_tstamp') }}
                              <= (SELECT MAX(events.loaded_at) FROM {{ ref('events') }} AS events)
                            , TRUE
                          )
               ) AS delivered_count
             , (
                   SELECT COALESCE(SUM(accounting.event_count), 0)
                     FROM {{ ref('event_accounting') }} AS accounting
               ) AS accounted_count
       ) AS counts
 WHERE counts.delivered_count <> counts.accounted_count
