-- One row per delivery of an event that may have been delivered more than once, numbered by collection.
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
     , ROW_NUMBER() OVER (
           PARTITION BY deliveries.event_id
               ORDER BY deliveries.collected_at
                      , deliveries.loaded_at
                      , deliveries.event_at
                      , deliveries.device_created_at
                      , deliveries.page_view_id
                      , deliveries.page_urlpath
                      , deliveries.member_id
                      , deliveries.domain_userid
                      , deliveries.domain_sessionid
       ) AS delivery_number
  FROM {{ ref('events') }} AS deliveries
 WHERE deliveries.is_possible_repeat
   AND deliveries.rejection_reason IS NULL
