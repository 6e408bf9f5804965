-- One row per event, however often it was delivered: whose it is, or why it is left out.
{%- set device_timeline -%}
    PARTITION BY events.domain_userid
        ORDER BY events.event_at
               , CASE WHEN events.member_id IS NULL THEN 0 ELSE 1 END -- at one instant the member counts as next
               , events.event_id
{%- endset -%}
{%- set from_here = device_timeline ~ ' ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING' -%}
{%- set until_here = device_timeline ~ ' ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW' -%}

{%- set member_id -%}
    COALESCE(sightings.seen_member_id, CASE
         WHEN sightings.domain_userid IS NULL THEN NULL
         WHEN sightings.next_member_seen_at <= {{ dbt.dateadd('day', var('identity_window_days'), 'sightings.event_at') }}
             THEN sightings.next_member_id
         WHEN sightings.previous_member_sessionid = sightings.domain_sessionid THEN sightings.previous_member_id
     END)
{%- endset %}

WITH sightings AS (
    SELECT events.event_id
         , events.event_name
         , events.step_key
         , events.event_at
         , events.loaded_date
         , events.device_created_at
         , events.member_id AS seen_member_id
         , events.domain_userid
         , events.domain_sessionid
         , events.page_view_id
         , events.page_urlpath
         , events.referrer_host
         , events.geo_country
         , events.device_type
         , events.clicked_element_id
         , events.scroll_offset_pixels
         , events.view_height_pixels
         , events.page_height_pixels
         , events.bot_signal
         , {{ first_known('events.member_id', from_here) }} AS next_member_id
         , {{ first_known('CASE WHEN events.member_id IS NOT NULL THEN events.event_at END', from_here) }}
           AS next_member_seen_at
         , {{ last_known('events.member_id', until_here) }} AS previous_member_id
         , {{ last_known(
               "CASE WHEN events.member_id IS NOT NULL THEN COALESCE(events.domain_sessionid, '') END"
             , until_here
           ) }} AS previous_member_sessionid
      FROM {{ ref('events') }} AS events
     WHERE events.delivery_number = 1
)

SELECT sightings.event_id
     , sightings.event_name
     , sightings.step_key
     , sightings.event_at
     , sightings.loaded_date
     , sightings.device_created_at
     , COALESCE({{ member_id }}, 'anon:' || sightings.domain_userid) AS person_id
     , {{ member_id }} AS member_id
     , members.client_id
     , CASE
           WHEN sightings.bot_signal IS NOT NULL OR bot_devices.domain_userid IS NOT NULL THEN 'bot'
           WHEN sightings.seen_member_id IS NULL AND sightings.domain_userid IS NULL THEN 'missing_key'
           WHEN staff_members.member_id IS NOT NULL THEN 'staff'
       END AS exclusion_reason
     , sightings.domain_userid
     , sightings.domain_sessionid
     , sightings.page_view_id
     , sightings.page_urlpath
     , sightings.referrer_host
     , sightings.geo_country
     , sightings.device_type
     , sightings.clicked_element_id
     , sightings.scroll_offset_pixels
     , sightings.view_height_pixels
     , sightings.page_height_pixels
  FROM sightings
  LEFT JOIN {{ ref('members') }} AS members
    ON members.member_id = {{ member_id }}
  LEFT JOIN {{ ref('staff_members') }} AS staff_members
    ON staff_members.member_id = {{ member_id }}
  LEFT JOIN {{ ref('bot_devices') }} AS bot_devices
    ON bot_devices.domain_userid = sightings.domain_userid
