-- One row per event, however often it was delivered: the delivery that the collector saw first.
SELECT events.event_id
     , events.event_name
     , events.event_at
     , events.loaded_date
     , events.device_created_at
     , events.is_ahead_of_collection
     , events.member_id
     , events.domain_userid
     , events.domain_sessionid
     , events.page_view_id
     , events.page_urlpath
     , events.referrer_host
     , events.geo_country
     , events.step_key
     , events.clicked_element_id
     , events.scroll_offset_pixels
     , events.view_height_pixels
     , events.page_height_pixels
     , events.device_type
     , events.bot_signal
  FROM {{ ref('events') }} AS events
 WHERE NOT events.is_possible_repeat
   AND events.rejection_reason IS NULL

 UNION ALL

SELECT deliveries.event_id
     , deliveries.event_name
     , deliveries.event_at
     , deliveries.loaded_date
     , deliveries.device_created_at
     , deliveries.is_ahead_of_collection
     , deliveries.member_id
     , deliveries.domain_userid
     , deliveries.domain_sessionid
     , deliveries.page_view_id
     , deliveries.page_urlpath
     , deliveries.referrer_host
     , deliveries.geo_country
     , deliveries.step_key
     , deliveries.clicked_element_id
     , deliveries.scroll_offset_pixels
     , deliveries.view_height_pixels
     , deliveries.page_height_pixels
     , deliveries.device_type
     , deliveries.bot_signal
  FROM {{ ref('repeated_deliveries') }} AS deliveries
 WHERE deliveries.delivery_number = 1
