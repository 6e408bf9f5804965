-- Every delivery of an event, read once, with hashes of 8 bytes in place of ids of 36.

-- One row per kind of event: paths and steps are told from these few, not from every event.
CREATE TEMP TABLE kinds AS
WITH observed AS (
    SELECT events.event_name
         , events.page_urlpath AS raw_path
         , CASE
               WHEN events.event_name = 'funnel' AND events.event_vendor = 'com.wellthy'
                   THEN events.unstruct_event_com_wellthy_funnel_1.funnel_name
                        || '/' || events.unstruct_event_com_wellthy_funnel_1.step_name
           END AS funnel_step
      FROM READ_PARQUET(GETVARIABLE('events'), union_by_name = TRUE) AS events
     GROUP BY ALL
)

SELECT CAST(ROW_NUMBER() OVER () AS SMALLINT) AS kind_no
     , HASH(observed.event_name, observed.raw_path, observed.funnel_step) AS kind_key
     , observed.event_name
     , observed.funnel_step
     , NORMALISED_PATH(observed.raw_path) AS page_urlpath
     , CAST(DENSE_RANK() OVER (ORDER BY NORMALISED_PATH(observed.raw_path)) AS SMALLINT) AS path_no
  FROM observed;

-- One row per kind of event × funnel step that it matches.
CREATE TEMP TABLE step_kinds AS
SELECT kinds.kind_no
     , kinds.event_name
     , kinds.page_urlpath
     , steps.funnel_no
     , steps.step_order
     , steps.valid_from_date
     , steps.valid_to_date
  FROM kinds
 INNER JOIN funnel_definitions AS steps
    ON CASE steps.match_type
           WHEN 'page_urlpath'
               THEN kinds.event_name = 'page_view'
                    AND kinds.page_urlpath LIKE REPLACE(NORMALISED_PATH(steps.match_value), '_', '^_') ESCAPE '^'
           WHEN 'funnel_step' THEN kinds.funnel_step = steps.funnel_name || '/' || steps.match_value
           ELSE kinds.event_name = steps.match_value
       END;

-- Of page views and steps the ids are kept as text too, as tables will tell them; of pings and clicks nobody asks.
ALTER TABLE kinds ADD COLUMN is_told BOOLEAN;
UPDATE kinds
   SET is_told = kinds.event_name = 'page_view' OR kinds.kind_no IN (SELECT step_kinds.kind_no FROM step_kinds);

CREATE TEMP TABLE useragents AS
SELECT DISTINCT events.useragent
  FROM READ_PARQUET(GETVARIABLE('events'), union_by_name = TRUE) AS events;

-- a statement of its own: a filter of one with DISTINCT would be pushed down to every event
CREATE TEMP TABLE robot_useragents AS
SELECT useragents.useragent
  FROM useragents
 WHERE REGEXP_MATCHES(
           LOWER(useragents.useragent)
         , 'bot[/;)]|spider|crawl|slurp|headless|phantomjs|bingpreview|facebookexternalhit|pingdom'
       );

-- One row per delivery. A stay is what one member, or nobody known, does in one session on one device.
CREATE TEMP TABLE deliveries AS
WITH events AS (
    SELECT NULLIF(events.event_id, '') AS event_id
         , events.event_name
         , kinds.kind_no
         , kinds.is_told
         , UTC(COALESCE(events.derived_tstamp, events.collector_tstamp)) AS event_at
         , UTC(events.collector_tstamp) AS collected_at
         , UTC(COALESCE(events.load_tstamp, events.collector_tstamp)) AS loaded_at
         , EPOCH_MS(events.dvce_created_tstamp) AS device_created_ms
         , COALESCE(NULLIF(events.user_id, ''), NULLIF(events.contexts_com_wellthy_user_2[1].user_id, ''))
           AS member_id
         , events.contexts_com_wellthy_user_2[1].role = 'STAFF' AS is_staff
         , NULLIF(events.domain_userid, '') AS domain_userid
         , NULLIF(events.domain_sessionid, '') AS domain_sessionid
         , NULLIF(events.contexts_com_snowplowanalytics_snowplow_web_page_1[1].id, '') AS page_view_id
         , CASE WHEN events.refr_medium = 'internal' OR events.refr_urlhost = events.page_urlhost THEN NULL
                ELSE events.refr_urlhost
           END AS referrer_host
         , events.geo_country
         , COALESCE(events.contexts_nl_basjes_yauaa_context_1[1].device_class, events.dvce_type) AS device_class
         , COALESCE(
               events.contexts_com_iab_snowplow_spiders_and_robots_1[1].spider_or_robot
               OR events.contexts_nl_basjes_yauaa_context_1[1].agent_class LIKE 'Robot%'
               OR events.contexts_nl_basjes_yauaa_context_1[1].agent_class IN ('Spy', 'Hacker')
             , FALSE
           ) OR COALESCE(events.useragent IN (SELECT robots.useragent FROM robot_useragents AS robots), FALSE)
           AS is_robot
         , CASE
               WHEN events.unstruct_event_com_snowplowanalytics_snowplow_link_click_1.element_id IS NOT NULL
                   THEN HASH(events.unstruct_event_com_snowplowanalytics_snowplow_link_click_1.element_id)
           END AS element_key
         , (COALESCE(events.pp_yoffset_max, 0) + events.br_viewheight) / CAST(NULLIF(events.doc_height, 0) AS DOUBLE)
           AS scroll_depth_rate
      FROM READ_PARQUET(GETVARIABLE('events'), union_by_name = TRUE) AS events
     INNER JOIN kinds
        ON kinds.kind_key = HASH(
               events.event_name
             , events.page_urlpath
             , CASE
                   WHEN events.event_name = 'funnel' AND events.event_vendor = 'com.wellthy'
                       THEN events.unstruct_event_com_wellthy_funnel_1.funnel_name
                            || '/' || events.unstruct_event_com_wellthy_funnel_1.step_name
               END
           )
)

SELECT CASE WHEN events.event_id IS NOT NULL THEN HASH(events.event_id) END AS event_key
     , events.kind_no
     , events.event_at
     , events.collected_at
     , events.loaded_at
     , HASH(events.domain_userid, events.domain_sessionid, events.member_id) AS stay_key
     , CASE WHEN events.domain_userid IS NOT NULL THEN HASH(events.domain_userid) END AS device_key
     , CASE WHEN events.domain_sessionid IS NOT NULL THEN HASH(events.domain_sessionid) END AS session_key
     , CASE
           WHEN events.page_view_id IS NOT NULL AND events.domain_sessionid IS NOT NULL
               THEN HASH(events.domain_sessionid, events.page_view_id)
       END AS page_view_key
     , events.member_id
     , events.is_staff
     , events.is_robot
     , events.event_name = 'page_ping' AS is_ping
     , CAST(events.device_created_ms // 10000 AS INTEGER) AS heartbeat
     , events.scroll_depth_rate
     , events.element_key
     , CASE WHEN events.is_told THEN events.event_id END AS event_id
     , CASE WHEN events.is_told THEN events.page_view_id END AS page_view_id
     , CASE WHEN events.is_told THEN events.domain_userid END AS domain_userid
     , CASE WHEN events.is_told THEN events.domain_sessionid END AS domain_sessionid
     , CASE WHEN events.is_told THEN events.referrer_host END AS referrer_host
     , CASE WHEN events.is_told THEN events.geo_country END AS geo_country
     , CASE WHEN events.is_told THEN events.device_class END AS device_class
  FROM events;
