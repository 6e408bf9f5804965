-- One row per device × session × member signed in there, or nobody: when it began and when it ended.
SELECT events.domain_userid
     , events.domain_sessionid
     , events.member_id
     , MIN(events.event_at) AS began_at
     , MAX(events.event_at) AS ended_at
  FROM {{ ref('unique_events') }} AS events
 GROUP BY events.domain_userid
        , events.domain_sessionid
        , events.member_id
