-- One row per member who had the role STAFF on any event.
SELECT events.member_id
     , MIN(events.event_at) AS first_seen_as_staff_at
  FROM {{ ref('events') }} AS events
 WHERE events.is_staff
   AND events.member_id IS NOT NULL
   AND events.rejection_reason IS NULL
 GROUP BY events.member_id
