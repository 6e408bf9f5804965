-- One row per stay on a device: whose it is and whether it is left out, as far as that can be said of all its events.
{%- set member_id = "COALESCE(stays.member_id, CASE WHEN verdicts.verdict = 'member' THEN verdicts.member_id END)" %}

WITH pairs AS (
    -- a stay of nobody signed in, and what members did on the device before, during and after it
    SELECT stays.domain_userid
         , stays.domain_sessionid
         , stays.began_at
         , stays.ended_at
         , signed_in.member_id
         , signed_in.began_at AS member_began_at
         , signed_in.ended_at AS member_ended_at
         , CASE WHEN signed_in.domain_sessionid = stays.domain_sessionid THEN 'here' ELSE 'elsewhere' END AS place
         , CASE
               WHEN signed_in.began_at >= stays.ended_at THEN 'next'
               WHEN signed_in.ended_at < stays.began_at THEN 'previous'
               ELSE 'meanwhile'
           END AS relation
      FROM {{ ref('device_stays') }} AS stays
     INNER JOIN {{ ref('device_stays') }} AS signed_in
        ON signed_in.domain_userid = stays.domain_userid
     WHERE stays.member_id IS NULL
       AND signed_in.member_id IS NOT NULL
)

, neighbours AS (
    SELECT pairs.domain_userid
         , pairs.domain_sessionid
         , pairs.began_at
         , pairs.ended_at
         , MIN(pairs.member_id) AS member_id
         , MIN(pairs.member_id) < MAX(pairs.member_id) AS has_several_members
         , COUNT(CASE WHEN pairs.relation = 'meanwhile' THEN 1 END) AS meanwhile_count
         , MAX(CASE WHEN pairs.relation = 'meanwhile' AND pairs.place = 'here' THEN pairs.member_ended_at END)
           AS meanwhile_here_ended_at
         , MIN(CASE WHEN pairs.relation = 'next' THEN pairs.member_began_at END) AS next_began_at
         , MAX(CASE WHEN pairs.relation = 'previous' AND pairs.place = 'here' THEN pairs.member_ended_at END)
           AS previous_here_ended_at
         , MAX(CASE WHEN pairs.relation = 'previous' AND pairs.place = 'elsewhere' THEN pairs.member_ended_at END)
           AS previous_elsewhere_ended_at
      FROM pairs
     GROUP BY pairs.domain_userid
            , pairs.domain_sessionid
            , pairs.began_at
            , pairs.ended_at
)

, verdicts AS (
    SELECT neighbours.domain_userid
         , neighbours.domain_sessionid
         , neighbours.member_id
         , CASE
               WHEN neighbours.has_several_members THEN 'unsettled'
               -- of whatever moment in the stay, this member is the next or was the last
               WHEN neighbours.meanwhile_count = 1
                    AND neighbours.meanwhile_here_ended_at <= {{ dbt.dateadd(
                        'day', var('identity_window_days'), 'neighbours.began_at'
                    ) }}
                   THEN 'member'
               WHEN neighbours.meanwhile_count > 0 THEN 'unsettled'
               WHEN neighbours.next_began_at <= {{ dbt.dateadd(
                   'day', var('identity_window_days'), 'neighbours.began_at'
               ) }}
                   THEN 'member'
               WHEN neighbours.next_began_at <= {{ dbt.dateadd(
                   'day', var('identity_window_days'), 'neighbours.ended_at'
               ) }}
                   THEN 'unsettled'
               WHEN neighbours.previous_here_ended_at = neighbours.previous_elsewhere_ended_at THEN 'unsettled'
               WHEN neighbours.previous_here_ended_at < neighbours.previous_elsewhere_ended_at THEN 'nobody'
               WHEN neighbours.previous_here_ended_at IS NOT NULL THEN 'member'
               ELSE 'nobody'
           END AS verdict
      FROM neighbours
)

SELECT stays.domain_userid
     , stays.domain_sessionid
     , stays.member_id AS seen_member_id
     , {{ member_id }} AS member_id
     , COALESCE(verdicts.verdict <> 'unsettled', TRUE) AS is_settled
     , CASE
           WHEN bot_devices.domain_userid IS NOT NULL THEN 'bot'
           WHEN stays.member_id IS NULL AND stays.domain_userid IS NULL THEN 'missing_key'
           WHEN staff_members.member_id IS NOT NULL THEN 'staff'
       END AS exclusion_reason
  FROM {{ ref('device_stays') }} AS stays
  LEFT JOIN verdicts
    ON verdicts.domain_userid = stays.domain_userid
   AND verdicts.domain_sessionid IS NOT DISTINCT FROM stays.domain_sessionid
   AND stays.member_id IS NULL
  LEFT JOIN {{ ref('staff_members') }} AS staff_members
    ON staff_members.member_id = {{ member_id }}
  LEFT JOIN {{ ref('bot_devices') }} AS bot_devices
    ON bot_devices.domain_userid = stays.domain_userid
