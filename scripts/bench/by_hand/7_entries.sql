-- The detail: entries, their steps and their page views.

CREATE TEMP TABLE clients AS
SELECT id AS client_id
     , CASE WHEN COUNT(*) OVER (PARTITION BY name) > 1 THEN name || ' (' || id || ')' ELSE name END AS client_label
     , client_size
     , client_industry
     , verification_type AS eligibility_verification_method
     , NULLIF(
           NULLIF(NORMALISED_PATH(REGEXP_REPLACE(client_landing_page_url, '^[a-zA-Z]+://[^/?#]*', '')), '')
         , '/'
       ) AS landing_page_urlpath
  FROM READ_PARQUET(GETVARIABLE('clients'));

CREATE TEMP TABLE members AS
SELECT user_id AS member_id
     , client_id
     , country AS member_country
     , UTC(created) AS account_created_at
     , CAST(UTC(created) AS DATE) AS account_created_date
  FROM READ_PARQUET(GETVARIABLE('members'));

CREATE TABLE funnel_entries AS
WITH landings AS (
    SELECT entries.entry_no
         , ARG_MAX(clients.client_id, loads.viewed_at) AS client_id
      FROM loads
     INNER JOIN (
            SELECT kinds.path_no
                 , MIN(clients.client_id) AS client_id
              FROM kinds
             INNER JOIN clients
                ON clients.landing_page_urlpath = kinds.page_urlpath
             GROUP BY kinds.path_no
           ) AS clients
        ON clients.path_no = loads.path_no
     INNER JOIN entries
        ON entries.person_no = loads.person_no
       AND entries.entered_at >= loads.viewed_at
     WHERE loads.is_visit_start
     GROUP BY entries.entry_no
)

, referrers AS (
    SELECT loads.session_key
         , COALESCE(deliveries.referrer_host, 'direct') AS referrer_host
      FROM loads
     INNER JOIN deliveries
        ON deliveries.rowid = loads.event_no
     WHERE loads.load_number = 1
       AND loads.session_key IS NOT NULL
)

SELECT entries.entry_no
     , funnels.funnel_name
     , people.person_id
     , people.member_id
     , clients.client_id
     , clients.client_label
     , CASE
           WHEN members.client_id IS NOT NULL THEN 'member'
           WHEN people.member_id IS NULL AND landings.client_id IS NOT NULL THEN 'landing_page'
           ELSE 'unknown'
       END AS client_attribution
     , people.member_id IS NULL AS is_anonymous
     , entries.entered_at
     , entries.entered_date
     , CAST(DATE_TRUNC('week', entries.entered_date) AS DATE) AS entered_week_start_date
     , CAST(DATE_TRUNC('month', entries.entered_date) AS DATE) AS entered_month_start_date
     , members.account_created_at
     , furthest.step_order AS furthest_step_order
     , furthest.step_name AS furthest_step_name
     , dropped.step_order AS dropped_at_step_order
     , entries.converted_at IS NOT NULL AS is_converted
     , entries.converted_at
     , (EPOCH_MS(entries.converted_at) - EPOCH_MS(entries.entered_at)) / 1000 AS seconds_to_convert
     , COALESCE(entries.converted_at <= entries.entered_at + INTERVAL 1 DAY, FALSE) AS is_converted_1d
     , COALESCE(entries.converted_at <= entries.entered_at + INTERVAL 7 DAY, FALSE) AS is_converted_7d
     , entries.is_converted_ever
     , entries.entry_count
     , entries.furthest_step_order_seen
     , entries.required_count_seen < seen.required_number AS has_skipped_step
     , entries.observed_until_at
     , entries.window_ends_at
     , entries.is_mature
     , entries.entered_at + INTERVAL 1 DAY <= entries.observed_until_at AS is_mature_1d
     , entries.entered_at + INTERVAL 7 DAY <= entries.observed_until_at AS is_mature_7d
     , CASE LOWER(COALESCE(deliveries.device_class, 'unknown'))
           WHEN 'phone' THEN 'phone'
           WHEN 'mobile' THEN 'phone'
           WHEN 'desktop' THEN 'desktop'
           WHEN 'computer' THEN 'desktop'
           WHEN 'tablet' THEN 'tablet'
           WHEN 'unknown' THEN 'unknown'
           ELSE 'other'
       END AS device_type
     , deliveries.geo_country
     , members.member_country
     , clients.client_size
     , clients.client_industry
     , clients.eligibility_verification_method
     , referrers.referrer_host
  FROM entries
 INNER JOIN funnels
    ON funnels.funnel_no = entries.funnel_no
 INNER JOIN people
    ON people.person_no = entries.person_no
 INNER JOIN deliveries
    ON deliveries.rowid = entries.event_no
 INNER JOIN daily_steps AS furthest
    ON furthest.funnel_no = entries.funnel_no
   AND furthest.entered_date = entries.entered_date
   AND furthest.required_number = entries.furthest_required_number
   AND NOT furthest.is_optional
 INNER JOIN daily_steps AS seen
    ON seen.funnel_no = entries.funnel_no
   AND seen.entered_date = entries.entered_date
   AND seen.step_order = entries.furthest_step_order_seen
  LEFT JOIN daily_steps AS dropped
    ON dropped.funnel_no = entries.funnel_no
   AND dropped.entered_date = entries.entered_date
   AND dropped.required_number = entries.furthest_required_number + 1
   AND NOT dropped.is_optional
  LEFT JOIN members
    ON members.member_id = people.member_id
  LEFT JOIN landings
    ON landings.entry_no = entries.entry_no
   AND people.member_id IS NULL
  LEFT JOIN clients
    ON clients.client_id = COALESCE(members.client_id, landings.client_id)
  LEFT JOIN referrers
    ON referrers.session_key = deliveries.session_key;

CREATE TEMP TABLE pages AS
SELECT kinds.path_no
     , FIRST(kinds.page_urlpath) AS page_urlpath
  FROM kinds
 GROUP BY kinds.path_no;

-- A view's entry is its `entry_no`, where the build has a hash.
CREATE TABLE funnel_page_views AS
SELECT COALESCE(deliveries.page_view_id, deliveries.event_id) AS page_view_id
     , visits.entry_no
     , funnels.funnel_name
     , visits.step_order
     , steps.step_name
     , pages.page_urlpath
     , deliveries.domain_sessionid
     , visits.viewed_at
     , CAST(visits.viewed_at AS DATE) AS viewed_date
     , visits.dwell_ms / 1000 AS dwell_seconds
     , visits.engaged_ms / 1000 AS engaged_seconds
     , visits.dwell_ms IS NULL AS is_dwell_unknown
     , visits.is_dwell_capped
     , visits.visit_number
     , visits.has_call_to_action
     , visits.ms_to_cta_click IS NOT NULL AS has_cta_click
     , visits.ms_to_cta_click / 1000 AS seconds_to_cta_click
     , visits.scroll_depth_rate
  FROM visits
 INNER JOIN entries
    ON entries.entry_no = visits.entry_no
 INNER JOIN funnels
    ON funnels.funnel_no = entries.funnel_no
 INNER JOIN daily_steps AS steps
    ON steps.funnel_no = entries.funnel_no
   AND steps.entered_date = entries.entered_date
   AND steps.step_order = visits.step_order
 INNER JOIN deliveries
    ON deliveries.rowid = visits.event_no
 INNER JOIN pages
    ON pages.path_no = visits.path_no;

CREATE TEMP TABLE step_visits AS
SELECT visits.entry_no
     , visits.step_order
     , COUNT(*) AS visit_count
     , CAST(SUM(visits.dwell_ms) AS BIGINT) AS dwell_ms
     , CAST(SUM(visits.engaged_ms) AS BIGINT) AS engaged_ms
     , COUNT(*) > COUNT(visits.dwell_ms) AS has_unknown_dwell
  FROM visits
 GROUP BY visits.entry_no
        , visits.step_order;

CREATE TABLE funnel_entry_steps AS
WITH later_hits AS (
    -- those after the conversion are no visits any more
    SELECT entry_hits.entry_no
         , entry_hits.step_order
         , COUNT(*) AS hit_count
      FROM entry_hits
     INNER JOIN entries
        ON entries.entry_no = entry_hits.entry_no
       AND entry_hits.hit_at > entries.measured_until_at
     GROUP BY entry_hits.entry_no
            , entry_hits.step_order
)

, late_optional AS (
    -- optional steps whose first hit came before the required step before them
    SELECT entry_hits.entry_no
         , entry_hits.step_order
         , MIN(entry_hits.hit_at) AS first_hit_at
      FROM first_hits
     INNER JOIN entries
        ON entries.entry_no = first_hits.entry_no
     INNER JOIN daily_steps AS steps
        ON steps.funnel_no = entries.funnel_no
       AND steps.entered_date = entries.entered_date
       AND steps.step_order = first_hits.step_order
     INNER JOIN entry_hits
        ON entry_hits.entry_no = first_hits.entry_no
       AND entry_hits.step_order = first_hits.step_order
       AND entry_hits.hit_at >= entries.reached_ats[steps.required_number]
     WHERE first_hits.required_number IS NULL
       AND first_hits.first_hit_at < entries.reached_ats[steps.required_number]
     GROUP BY ALL
)

, steps AS (
    SELECT entries.entry_no
         , entries.funnel_no
         , entries.person_no
         , entries.entered_at
         , steps.step_order
         , steps.step_name
         , steps.is_optional
         , steps.required_number
         , entries.furthest_required_number
         , entries.furthest_step_order_seen
         , entries.reached_ats[steps.required_number] AS own_reached_at
         , CASE
               WHEN steps.is_optional THEN own_reached_at
               ELSE entries.reached_ats[steps.required_number - 1]
           END AS previous_reached_at
         , first_hits.entry_no IS NOT NULL AS is_seen
         , COALESCE(first_hits.hit_count, 0) - COALESCE(later_hits.hit_count, 0) AS hit_count
         , CASE
               WHEN NOT steps.is_optional THEN own_reached_at
               WHEN COALESCE(late_optional.first_hit_at, first_hits.first_hit_at)
                    BETWEEN own_reached_at
                        AND COALESCE(entries.reached_ats[steps.required_number + 1], entries.window_ends_at)
                   THEN COALESCE(late_optional.first_hit_at, first_hits.first_hit_at)
           END AS reached_at
      FROM entries
     INNER JOIN daily_steps AS steps
        ON steps.funnel_no = entries.funnel_no
       AND steps.entered_date = entries.entered_date
      LEFT JOIN first_hits
        ON first_hits.entry_no = entries.entry_no
       AND first_hits.step_order = steps.step_order
      LEFT JOIN later_hits
        ON later_hits.entry_no = entries.entry_no
       AND later_hits.step_order = steps.step_order
      LEFT JOIN late_optional
        ON late_optional.entry_no = entries.entry_no
       AND late_optional.step_order = steps.step_order
)

SELECT steps.entry_no
     , funnels.funnel_name
     , people.person_id
     , steps.step_order
     , steps.step_name
     , steps.is_optional
     , steps.required_number = 1 OR steps.previous_reached_at IS NOT NULL AS is_eligible
     , steps.reached_at IS NOT NULL AS is_reached
     , steps.reached_at
     , (EPOCH_MS(steps.reached_at) - EPOCH_MS(steps.previous_reached_at)) / 1000 AS seconds_from_previous_step
     , (EPOCH_MS(steps.reached_at) - EPOCH_MS(steps.entered_at)) / 1000 AS seconds_from_entry
     , COALESCE(step_visits.visit_count, steps.hit_count) AS visit_count
     , steps.reached_at IS NULL AND NOT steps.is_optional AND NOT steps.is_seen
       AND steps.step_order < steps.furthest_step_order_seen AS is_step_skipped
     , NOT steps.is_optional AND steps.required_number = steps.furthest_required_number AS is_last_step_reached
     , step_visits.dwell_ms / 1000 AS dwell_seconds
     , step_visits.engaged_ms / 1000 AS engaged_seconds
     , COALESCE(step_visits.has_unknown_dwell, FALSE) AS has_unknown_dwell
  FROM steps
 INNER JOIN funnels
    ON funnels.funnel_no = steps.funnel_no
 INNER JOIN people
    ON people.person_no = steps.person_no
  LEFT JOIN step_visits
    ON step_visits.entry_no = steps.entry_no
   AND step_visits.step_order = steps.step_order;
