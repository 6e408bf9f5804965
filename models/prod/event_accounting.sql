-- One row per load date × reason: how many delivered events are modelled, or why they are not.
SELECT events.loaded_date AS load_date
     , 'duplicate' AS reason
     , COUNT(*) AS event_count
  FROM {{ ref('events') }} AS events
 WHERE events.delivery_number > 1
 GROUP BY events.loaded_date

 UNION ALL

SELECT member_events.loaded_date AS load_date
     , COALESCE(member_events.exclusion_reason, 'modelled') AS reason
     , COUNT(*) AS event_count
  FROM {{ ref('member_events') }} AS member_events
 GROUP BY member_events.loaded_date
        , member_events.exclusion_reason
