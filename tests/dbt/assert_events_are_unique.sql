-- Rows: events that unique_events has more than once.
-- Ids are compared where their hashes are equal: all at once they are the largest thing that a build would hold.
WITH repeated_hashes AS (
    SELECT HASH(events.event_id) AS event_hash
      FROM {{ ref('unique_events') }} AS events
     GROUP BY HASH(events.event_id)
    HAVING COUNT(*) > 1
)

SELECT events.event_id
     , COUNT(*) AS row_count
  FROM {{ ref('unique_events') }} AS events
 INNER JOIN repeated_hashes
    ON repeated_hashes.event_hash = HASH(events.event_id)
 GROUP BY events.event_id
HAVING COUNT(*) > 1
