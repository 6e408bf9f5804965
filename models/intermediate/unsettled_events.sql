-- One row per event of nobody signed in, on a device with a stay that is not settled as a whole: whose the event is.
{%- set device_timeline -%}
    PARTITION BY events.domain_userid
        ORDER BY events.event_at
               , CASE WHEN events.member_id IS NULL THEN 0 ELSE 1 END -- at one instant the member counts as next
               , events.event_id
{%- endset -%}
{%- set from_here = device_timeline ~ ' ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING' -%}
{%- set until_here = device_timeline ~ ' ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW' %}

WITH unsettled_devices AS (
    SELECT stays.domain_userid
      FROM {{ ref('stay_members') }} AS stays
     WHERE NOT stays.is_settled
     GROUP BY stays.domain_userid
)

, sightings AS (
    SELECT events.event_id
         , events.event_at
         , events.member_id
         , events.domain_userid
         , events.domain_sessionid
         , {{ first_known('events.member_id', from_here) }} AS next_member_id
         , {{ first_known('CASE WHEN events.member_id IS NOT NULL THEN events.event_at END', from_here) }}
           AS next_member_seen_at
         , {{ last_known('events.member_id', until_here) }} AS previous_member_id
         , {{ last_known(
               "CASE WHEN events.member_id IS NOT NULL THEN COALESCE(events.domain_sessionid, '') END"
             , until_here
           ) }} AS previous_member_sessionid
      FROM {{ ref('unique_events') }} AS events
     INNER JOIN unsettled_devices
        ON unsettled_devices.domain_userid = events.domain_userid
)

, members AS (
    SELECT sightings.event_id
         , CASE
               WHEN sightings.next_member_seen_at <= {{ dbt.dateadd(
                   'day', var('identity_window_days'), 'sightings.event_at'
               ) }}
                   THEN sightings.next_member_id
               WHEN sightings.previous_member_sessionid = sightings.domain_sessionid THEN sightings.previous_member_id
           END AS member_id
      FROM sightings
     WHERE sightings.member_id IS NULL
)

SELECT members.event_id
     , members.member_id
     , staff_members.member_id IS NOT NULL AS is_staff
  FROM members
  LEFT JOIN {{ ref('staff_members') }} AS staff_members
    ON staff_members.member_id = members.member_id
