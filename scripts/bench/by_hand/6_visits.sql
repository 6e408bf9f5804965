-- What happened on the pages of steps, between an entry and its conversion or the end of its window.

-- One row per entry × step × visit of its page.
CREATE TEMP TABLE entry_visits AS
SELECT entry_hits.entry_no
     , entry_hits.step_order
     , loads.event_no
     , loads.event_id
     , loads.page_view_key
     , loads.session_key
     , loads.path_no
     , loads.viewed_at
     , loads.next_viewed_at
  FROM entry_hits
 INNER JOIN entries
    ON entries.entry_no = entry_hits.entry_no
   AND entry_hits.hit_at <= entries.measured_until_at
 INNER JOIN loads
    ON loads.event_no = entry_hits.event_no
   AND loads.is_visit_start;

-- One row per visited page: pings, clicks and scrolling on it.
CREATE TEMP TABLE activity AS
WITH visited_loads AS (
    SELECT entry_visits.page_view_key
         , entry_visits.event_no
         , entry_visits.path_no
      FROM entry_visits
     WHERE entry_visits.page_view_key IS NOT NULL

     UNION

    SELECT double_fires.page_view_key
         , entry_visits.event_no
         , entry_visits.path_no
      FROM double_fires
     INNER JOIN entry_visits
        ON entry_visits.event_no = double_fires.visit_event_no
     WHERE double_fires.page_view_key IS NOT NULL
)

, buttons AS (
    SELECT DISTINCT kinds.path_no
         , calls_to_action.element_key
      FROM calls_to_action
     INNER JOIN kinds
        ON kinds.page_urlpath = calls_to_action.page_urlpath
)

SELECT visited_loads.event_no
     , MAX(CASE WHEN deliveries.is_ping THEN deliveries.event_at END) AS last_ping_at
     , BIT_OR(CASE WHEN deliveries.is_ping THEN CAST(1 AS UBIGINT) << (deliveries.heartbeat & 63) END) AS heartbeats
     , MIN(CASE WHEN deliveries.is_ping THEN deliveries.heartbeat END) AS first_heartbeat
     , MAX(CASE WHEN deliveries.is_ping THEN deliveries.heartbeat END) AS last_heartbeat
     , MIN(CASE WHEN buttons.element_key IS NOT NULL THEN deliveries.event_at END) AS first_cta_click_at
     , MAX(deliveries.scroll_depth_rate) AS scroll_depth_rate
  FROM deliveries
 INNER JOIN visited_loads
    ON visited_loads.page_view_key = deliveries.page_view_key
  LEFT JOIN buttons
    ON buttons.path_no = visited_loads.path_no
   AND buttons.element_key = deliveries.element_key
 WHERE NOT deliveries.is_robot
   AND deliveries.stay_key NOT IN (SELECT excluded_stays.stay_key FROM excluded_stays)
 GROUP BY visited_loads.event_no;

-- 64 heartbeats, 640 seconds, are told apart by a bit each; those of longer visits are counted.
CREATE TEMP TABLE long_visits AS
WITH keys AS (
    SELECT loads.page_view_key
         , COALESCE(double_fires.visit_event_no, loads.event_no) AS event_no
      FROM loads
      LEFT JOIN double_fires
        ON double_fires.event_no = loads.event_no
     INNER JOIN activity
        ON activity.event_no = COALESCE(double_fires.visit_event_no, loads.event_no)
     WHERE activity.last_heartbeat - activity.first_heartbeat >= 64
)

SELECT keys.event_no
     , COUNT(DISTINCT deliveries.heartbeat) AS heartbeat_count
  FROM deliveries
 INNER JOIN keys
    ON keys.page_view_key = deliveries.page_view_key
 WHERE deliveries.is_ping
   AND NOT deliveries.is_robot
   AND deliveries.stay_key NOT IN (SELECT excluded_stays.stay_key FROM excluded_stays)
 GROUP BY keys.event_no;

CREATE TEMP TABLE visits AS
WITH button_pages AS (
    SELECT DISTINCT kinds.path_no
      FROM kinds
     INNER JOIN calls_to_action
        ON calls_to_action.page_urlpath = kinds.page_urlpath
)

, times AS (
    SELECT visits.entry_no
         , visits.step_order
         , visits.event_no
         , ROW_NUMBER() OVER (
               PARTITION BY visits.entry_no
                          , visits.step_order
                   ORDER BY visits.viewed_at
                          , visits.event_id
           ) AS visit_number
         , visits.path_no
         , visits.path_no IN (SELECT button_pages.path_no FROM button_pages) AS has_call_to_action
         , visits.viewed_at
         , CASE
               WHEN visits.session_key IS NOT NULL
                   THEN EPOCH_MS(COALESCE(visits.next_viewed_at, activity.last_ping_at)) - EPOCH_MS(visits.viewed_at)
           END AS open_ms
         , COALESCE(
               10 * COALESCE(long_visits.heartbeat_count, NULLIF(BIT_COUNT(activity.heartbeats), 0)) - 5
             , 0
           ) AS heartbeat_seconds
         , EPOCH_MS(activity.first_cta_click_at) - EPOCH_MS(visits.viewed_at) AS ms_to_cta_click
         , activity.scroll_depth_rate
      FROM entry_visits AS visits
      LEFT JOIN activity
        ON activity.event_no = visits.event_no
      LEFT JOIN long_visits
        ON long_visits.event_no = visits.event_no
)

SELECT times.entry_no
     , times.step_order
     , times.event_no
     , times.visit_number
     , times.path_no
     , times.has_call_to_action
     , times.viewed_at
     , CAST(CASE WHEN times.open_ms IS NOT NULL THEN LEAST(GREATEST(times.open_ms, 0), 1800000) END AS INTEGER)
       AS dwell_ms
     , COALESCE(times.open_ms > 1800000, FALSE) AS is_dwell_capped
     , CAST(LEAST(1000 * times.heartbeat_seconds, dwell_ms) AS INTEGER) AS engaged_ms
     , CASE WHEN times.ms_to_cta_click < 0 THEN 0 ELSE times.ms_to_cta_click END AS ms_to_cta_click
     , CASE WHEN times.scroll_depth_rate > 1 THEN 1 ELSE times.scroll_depth_rate END AS scroll_depth_rate
  FROM times;
