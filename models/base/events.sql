-- One row per delivery of an event: trackers and loaders may deliver one event more than once.
{%- set arrived %}{% if is_incremental() %}
     -- deliveries of one event are counted together: the old ones of what arrived are read again
     WHERE COALESCE(events.event_id, '') IN (
               SELECT COALESCE(arrivals.event_id, '') FROM {{ source('snowplow', 'events') }} AS arrivals
                WHERE arrivals.load_tstamp IS NULL
                   OR {{ utc_timestamp('arrivals.load_tstamp') }} >= {{ reread_from(this) }}
           )
{%- endif %}{% endset %}

-- Hashes are a quarter of the ids' size; that two ids may have one hash makes a few more rows looked at, no wrong ones.
WITH repeated_hashes AS (
    SELECT HASH(COALESCE(events.event_id, '')) AS event_hash
      FROM {{ source('snowplow', 'events') }} AS events
    {{- arrived }}
     GROUP BY HASH(COALESCE(events.event_id, ''))
    HAVING COUNT(*) > 1
)

, deliveries AS (
    SELECT COALESCE(events.event_id, '') AS event_id
         , events.event_name

         -- timestamps (UTC)
         , {{ utc_timestamp('COALESCE(events.derived_tstamp, events.collector_tstamp)') }} AS event_at
         , {{ utc_timestamp('events.collector_tstamp') }} AS collected_at
         , {{ utc_timestamp('COALESCE(events.load_tstamp, events.collector_tstamp)') }} AS loaded_at
         , {{ utc_timestamp('events.dvce_created_tstamp') }} AS device_created_at

         -- who; an empty key is a missing one
         , COALESCE(
               NULLIF(events.user_id, '')
             , NULLIF({{ context_field('events.contexts_com_wellthy_user_2', 'user_id') }}, '')
           ) AS member_id
         , COALESCE({{ context_field('events.contexts_com_wellthy_user_2', 'role') }} = 'STAFF', FALSE) AS is_staff
         , NULLIF(events.domain_userid, '') AS domain_userid
         , NULLIF(events.domain_sessionid, '') AS domain_sessionid

         -- where
         , NULLIF({{ context_field('events.contexts_com_snowplowanalytics_snowplow_web_page_1', 'id') }}, '')
           AS page_view_id
         , {{ normalised_path('events.page_urlpath') }} AS page_urlpath
         , CASE WHEN events.refr_medium = 'internal' OR events.refr_urlhost = events.page_urlhost THEN NULL
                ELSE events.refr_urlhost END AS referrer_host
         , events.geo_country

         -- what, and with what
         , CASE WHEN events.event_name = 'funnel' AND events.event_vendor = 'com.wellthy'
                    THEN {{ event_field('events.unstruct_event_com_wellthy_funnel_1', 'funnel_name') }}
                         || '/' || {{ event_field('events.unstruct_event_com_wellthy_funnel_1', 'step_name') }}
           END AS funnel_step
         , {{ event_field('events.unstruct_event_com_snowplowanalytics_snowplow_link_click_1', 'element_id') }}
           AS clicked_element_id
         , events.pp_yoffset_max AS scroll_offset_pixels
         , events.br_viewheight AS view_height_pixels
         , events.doc_height AS page_height_pixels
         , {{ context_field('events.contexts_nl_basjes_yauaa_context_1', 'device_class') }} AS device_class
         , events.dvce_type
         , LOWER(events.useragent) AS useragent
         , {{ context_field('events.contexts_nl_basjes_yauaa_context_1', 'agent_class') }} AS agent_class
         , {{ context_field('events.contexts_com_iab_snowplow_spiders_and_robots_1', 'spider_or_robot', 'BOOLEAN') }}
           AS is_listed_robot
      FROM {{ source('snowplow', 'events') }} AS events
    {{- arrived }}
)

SELECT deliveries.event_id
     , repeated_hashes.event_hash IS NOT NULL AS is_possible_repeat
     , {{ rejection_reason('deliveries') }} AS rejection_reason
     , deliveries.event_name
     , deliveries.event_at
     , deliveries.collected_at
     , deliveries.loaded_at
     , {{ reporting_date('deliveries.loaded_at') }} AS loaded_date
     , deliveries.device_created_at
     , COALESCE(deliveries.event_at > {{ dbt.dateadd(
           'minute', 5, 'COALESCE(deliveries.collected_at, deliveries.loaded_at)'
       ) }}, FALSE) AS is_ahead_of_collection
     , deliveries.member_id
     , deliveries.is_staff
     , deliveries.domain_userid
     , deliveries.domain_sessionid
     , deliveries.page_view_id
     , deliveries.page_urlpath
     , deliveries.referrer_host
     , deliveries.geo_country
     , CASE WHEN deliveries.event_name = 'page_view' THEN deliveries.page_urlpath ELSE deliveries.funnel_step END
       AS step_key
     , deliveries.clicked_element_id
     , deliveries.scroll_offset_pixels
     , deliveries.view_height_pixels
     , deliveries.page_height_pixels
     , {{ device_type('deliveries') }} AS device_type
     , {{ bot_signal('deliveries') }} AS bot_signal
  FROM deliveries
  LEFT JOIN repeated_hashes
    ON repeated_hashes.event_hash = HASH(deliveries.event_id)
