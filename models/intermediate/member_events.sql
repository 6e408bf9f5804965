-- One row per event, however often it was delivered: whose it is, or why it is left out.
SELECT events.event_id
     , events.event_name
     , events.step_key
     , events.event_at
     , events.loaded_date
     , events.device_created_at
     , COALESCE(stays.member_id, unsettled_events.member_id, 'anon:' || events.domain_userid) AS person_id
     , COALESCE(stays.member_id, unsettled_events.member_id) AS member_id
     , CASE
           WHEN events.bot_signal IS NOT NULL THEN 'bot'
           WHEN stays.exclusion_reason IS NOT NULL THEN stays.exclusion_reason
           WHEN unsettled_events.is_staff THEN 'staff'
       END AS exclusion_reason
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
  FROM {{ ref('unique_events') }} AS events
 INNER JOIN {{ ref('stay_members') }} AS stays
    ON stays.domain_userid IS NOT DISTINCT FROM events.domain_userid
   AND stays.domain_sessionid IS NOT DISTINCT FROM events.domain_sessionid
   AND stays.seen_member_id IS NOT DISTINCT FROM events.member_id
  LEFT JOIN {{ ref('unsettled_events') }} AS unsettled_events
    ON unsettled_events.event_id = events.event_id
