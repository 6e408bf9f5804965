-- The answers: entries and visits counted by step, segment and period.

-- What the segments are cut by, as numbers: group keys of two bytes.
CREATE TEMP TABLE segments AS
WITH dimensions AS (
    SELECT 'all' AS segment_name
         , 'all' AS segment_value

     UNION

    SELECT 'device' AS segment_name
         , COALESCE(entries.device_type, 'unknown') AS segment_value
      FROM funnel_entries AS entries

     UNION

    SELECT 'country' AS segment_name
         , COALESCE(entries.geo_country, 'unknown') AS segment_value
      FROM funnel_entries AS entries

     UNION

    SELECT 'client' AS segment_name
         , COALESCE(entries.client_label, 'unknown') AS segment_value
      FROM funnel_entries AS entries

     UNION

    SELECT 'client_industry' AS segment_name
         , COALESCE(entries.client_industry, 'unknown') AS segment_value
      FROM funnel_entries AS entries

     UNION

    SELECT 'client_size' AS segment_name
         , COALESCE(entries.client_size, 'unknown') AS segment_value
      FROM funnel_entries AS entries

     UNION

    SELECT 'eligibility_method' AS segment_name
         , COALESCE(entries.eligibility_verification_method, 'unknown') AS segment_value
      FROM funnel_entries AS entries

     UNION

    SELECT 'referrer' AS segment_name
         , COALESCE(entries.referrer_host, 'unknown') AS segment_value
      FROM funnel_entries AS entries
)

SELECT CAST(ROW_NUMBER() OVER () AS SMALLINT) AS segment_no
     , dimensions.segment_name
     , dimensions.segment_value
  FROM dimensions;

CREATE TEMP TABLE entry_segments AS
SELECT entries.entry_no
     , funnels.funnel_no
     , entries.entered_week_start_date
     , entries.entered_month_start_date
     , entries.is_mature
     , [
           everybody.segment_no
         , device.segment_no
         , country.segment_no
         , client.segment_no
         , industry.segment_no
         , size.segment_no
         , method.segment_no
         , referrer.segment_no
       ] AS segment_nos
  FROM funnel_entries AS entries
 INNER JOIN funnels
    ON funnels.funnel_name = entries.funnel_name
 INNER JOIN segments AS everybody
    ON everybody.segment_name = 'all'
 INNER JOIN segments AS device
    ON device.segment_name = 'device'
   AND device.segment_value = COALESCE(entries.device_type, 'unknown')
 INNER JOIN segments AS country
    ON country.segment_name = 'country'
   AND country.segment_value = COALESCE(entries.geo_country, 'unknown')
 INNER JOIN segments AS client
    ON client.segment_name = 'client'
   AND client.segment_value = COALESCE(entries.client_label, 'unknown')
 INNER JOIN segments AS industry
    ON industry.segment_name = 'client_industry'
   AND industry.segment_value = COALESCE(entries.client_industry, 'unknown')
 INNER JOIN segments AS size
    ON size.segment_name = 'client_size'
   AND size.segment_value = COALESCE(entries.client_size, 'unknown')
 INNER JOIN segments AS method
    ON method.segment_name = 'eligibility_method'
   AND method.segment_value = COALESCE(entries.eligibility_verification_method, 'unknown')
 INNER JOIN segments AS referrer
    ON referrer.segment_name = 'referrer'
   AND referrer.segment_value = COALESCE(entries.referrer_host, 'unknown');

CREATE TABLE funnel_step_conversion AS
WITH steps AS (
    SELECT entries.funnel_no
         , entries.entered_month_start_date
         , UNNEST(entries.segment_nos) AS segment_no
         , steps.step_order
         , steps.is_optional
         , steps.is_eligible
         , steps.is_reached
         , steps.seconds_from_previous_step
      FROM entry_segments AS entries
     INNER JOIN funnel_entry_steps AS steps
        ON steps.entry_no = entries.entry_no
     WHERE entries.is_mature
)

, counts AS (
    SELECT steps.funnel_no
         , steps.entered_month_start_date
         , steps.segment_no
         , steps.step_order
         , steps.is_optional
         , COUNT(*) AS entry_count
         , COUNT(*) FILTER (steps.is_eligible) AS eligible_count
         , COUNT(*) FILTER (steps.is_reached) AS reached_count
         , MEDIAN(steps.seconds_from_previous_step) AS median_seconds_from_previous_step
      FROM steps
     GROUP BY GROUPING SETS (
                  (funnel_no, entered_month_start_date, segment_no, step_order, is_optional)
                , (funnel_no, segment_no, step_order, is_optional)
              )
)

, losses AS (
    SELECT counts.*
         , counts.eligible_count >= 10 AS is_reportable
         , CASE
               WHEN NOT counts.is_optional AND counts.step_order > 1 THEN counts.eligible_count - counts.reached_count
           END AS lost_count
         , CASE WHEN counts.step_order > 1 THEN counts.reached_count END AS passed_count
      FROM counts
)

SELECT names.funnel_name
     , losses.entered_month_start_date
     , segments.segment_name
     , segments.segment_value
     , losses.step_order
     , names.step_name
     , losses.is_optional
     , losses.entry_count
     , losses.eligible_count
     , losses.reached_count
     , losses.lost_count
     , losses.reached_count / losses.entry_count AS rate_of_first
     , losses.passed_count / NULLIF(losses.eligible_count, 0) AS rate_of_previous
     , losses.lost_count / NULLIF(losses.eligible_count, 0) AS drop_off_rate
     , losses.lost_count / NULLIF(SUM(losses.lost_count) OVER cell, 0) AS share_of_all_losses
     , COALESCE(losses.lost_count > 0 AND ROW_NUMBER() OVER (
           cell
               ORDER BY COALESCE(losses.lost_count, 0) DESC
                      , losses.step_order
       ) = 1, FALSE) AS is_largest_drop_off_by_count
     , COALESCE(losses.is_reportable AND losses.lost_count > 0 AND ROW_NUMBER() OVER (
           cell
               ORDER BY CASE
                            WHEN losses.is_reportable AND losses.lost_count > 0
                                THEN losses.lost_count / losses.eligible_count
                            ELSE 0
                        END DESC
                      , losses.step_order
       ) = 1, FALSE) AS is_largest_drop_off_by_rate
     , losses.median_seconds_from_previous_step
     , losses.is_reportable
  FROM losses
 INNER JOIN step_names AS names
    ON names.funnel_no = losses.funnel_no
   AND names.step_order = losses.step_order
 INNER JOIN segments
    ON segments.segment_no = losses.segment_no
WINDOW cell AS (PARTITION BY losses.funnel_no, losses.entered_month_start_date, losses.segment_no);

CREATE TABLE funnel_conversion_trends AS
WITH entries AS (
    SELECT entry_segments.funnel_no
         , entries.entered_week_start_date
         , entries.entered_month_start_date
         , UNNEST(entry_segments.segment_nos) AS segment_no
         , entries.is_mature
         , entries.is_converted
         , entries.is_mature_1d
         , entries.is_converted_1d
         , entries.is_mature_7d
         , entries.is_converted_7d
         , CASE WHEN entries.is_mature THEN CAST(1000 * entries.seconds_to_convert AS BIGINT) END AS ms_to_convert
      FROM funnel_entries AS entries
     INNER JOIN entry_segments
        ON entry_segments.entry_no = entries.entry_no
)

, counts AS (
    SELECT entries.funnel_no
         , CASE
               WHEN GROUPING(entered_week_start_date) = 0 THEN 'week'
               WHEN GROUPING(entered_month_start_date) = 0 THEN 'month'
               ELSE 'all'
           END AS grain
         , COALESCE(entries.entered_week_start_date, entries.entered_month_start_date) AS period_start_date
         , entries.segment_no
         , COUNT(*) AS entry_count
         , COUNT(*) FILTER (entries.is_mature) AS mature_entry_count
         , COUNT(*) FILTER (entries.is_mature AND entries.is_converted) AS converted_count
         , COUNT(*) FILTER (entries.is_mature_1d) AS mature_1d_entry_count
         , COUNT(*) FILTER (entries.is_mature_1d AND entries.is_converted_1d) AS converted_1d_count
         , COUNT(*) FILTER (entries.is_mature_7d) AS mature_7d_entry_count
         , COUNT(*) FILTER (entries.is_mature_7d AND entries.is_converted_7d) AS converted_7d_count
         , MEDIAN(entries.ms_to_convert) / 1000 AS median_seconds_to_convert
      FROM entries
     GROUP BY GROUPING SETS (
                  (funnel_no, entered_week_start_date, segment_no)
                , (funnel_no, entered_month_start_date, segment_no)
                , (funnel_no, segment_no)
              )
)

, accounts AS (
    SELECT members.member_id
         , members.account_created_date
         , UNNEST(['all', 'client', 'client_industry', 'client_size', 'eligibility_method']) AS segment_name
         , UNNEST([
               'all'
             , COALESCE(clients.client_label, 'unknown')
             , COALESCE(clients.client_industry, 'unknown')
             , COALESCE(clients.client_size, 'unknown')
             , COALESCE(clients.eligibility_verification_method, 'unknown')
           ]) AS segment_value
      FROM members
      LEFT JOIN clients
        ON clients.client_id = members.client_id
     WHERE members.member_id NOT IN (SELECT staff_members.member_id FROM staff_members)
)

-- few rows before they are spread over periods
, daily_accounts AS (
    SELECT funnels.funnel_name
         , accounts.account_created_date AS reported_date
         , accounts.segment_name
         , accounts.segment_value
         , COUNT(*) AS account_count
         , COUNT(funnel_entries.entry_no) AS tracked_account_count
      FROM accounts
     CROSS JOIN funnels
      LEFT JOIN funnel_entries
        ON funnel_entries.funnel_name = funnels.funnel_name
       AND funnel_entries.member_id = accounts.member_id
     GROUP BY ALL
)

, tracking AS (
    SELECT accounts.funnel_name
         , periods.grain
         , periods.period_start_date
         , accounts.segment_name
         , accounts.segment_value
         , SUM(accounts.tracked_account_count) / SUM(accounts.account_count) AS tracking_coverage_rate
      FROM daily_accounts AS accounts
     CROSS JOIN LATERAL PERIODS_OF(accounts.reported_date) AS periods
     GROUP BY ALL
)

, unentered_people AS (
    SELECT hits.funnel_no
         , CAST(MIN(hits.hit_at) AS DATE) AS reported_date
      FROM hits
      ANTI JOIN first_attempts
        ON first_attempts.funnel_no = hits.funnel_no
       AND first_attempts.person_no = hits.person_no
     GROUP BY hits.funnel_no
            , hits.person_no
)

, unentered AS (
    SELECT funnels.funnel_name
         , periods.grain
         , periods.period_start_date
         , COUNT(*) AS unentered_person_count
      FROM unentered_people AS people
     INNER JOIN funnels
        ON funnels.funnel_no = people.funnel_no
     CROSS JOIN LATERAL PERIODS_OF(people.reported_date) AS periods
     GROUP BY ALL
)

SELECT funnels.funnel_name
     , counts.grain
     , counts.period_start_date
     , segments.segment_name
     , segments.segment_value
     , counts.entry_count
     , counts.mature_entry_count
     , counts.entry_count - counts.mature_entry_count AS open_entry_count
     , counts.converted_count
     , counts.converted_count / NULLIF(counts.mature_entry_count, 0) AS conversion_rate
     , counts.converted_1d_count / NULLIF(counts.mature_1d_entry_count, 0) AS conversion_rate_1d
     , counts.converted_7d_count / NULLIF(counts.mature_7d_entry_count, 0) AS conversion_rate_7d
     , counts.mature_7d_entry_count
     , CASE counts.grain
           WHEN 'all' THEN counts.entry_count = counts.mature_entry_count
           WHEN 'week' THEN counts.period_start_date + INTERVAL 7 DAY + TO_DAYS(funnels.conversion_window_days)
                            <= CAST(observation.observed_until_at AS DATE)
           ELSE counts.period_start_date + INTERVAL 1 MONTH + TO_DAYS(funnels.conversion_window_days)
                <= CAST(observation.observed_until_at AS DATE)
       END AS is_complete_period
     , counts.median_seconds_to_convert
     , tracking.tracking_coverage_rate
     , counts.mature_entry_count >= 10 AS is_reportable
     , CASE WHEN segments.segment_name = 'all' THEN COALESCE(unentered.unentered_person_count, 0) END
       AS unentered_person_count
  FROM counts
 CROSS JOIN observation
 INNER JOIN funnels
    ON funnels.funnel_no = counts.funnel_no
 INNER JOIN segments
    ON segments.segment_no = counts.segment_no
  LEFT JOIN tracking
    ON tracking.funnel_name = funnels.funnel_name
   AND tracking.grain = counts.grain
   AND tracking.period_start_date IS NOT DISTINCT FROM counts.period_start_date
   AND tracking.segment_name = segments.segment_name
   AND tracking.segment_value = segments.segment_value
  LEFT JOIN unentered
    ON unentered.funnel_name = funnels.funnel_name
   AND unentered.grain = counts.grain
   AND unentered.period_start_date IS NOT DISTINCT FROM counts.period_start_date;

CREATE TABLE funnel_client_comparison AS
WITH clients AS (
    SELECT entries.funnel_name
         , COALESCE(entries.client_id, 'unknown') AS client_id
         , COALESCE(FIRST(entries.client_label), 'Unknown client') AS client_name
         , COUNT(*) AS account_count
         , COUNT(entries.converted_at) AS converted_count
      FROM funnel_entries AS entries
     WHERE entries.is_mature
       AND entries.account_created_at IS NOT NULL
     GROUP BY entries.funnel_name
            , COALESCE(entries.client_id, 'unknown')
)

, losses AS (
    SELECT steps.funnel_name
         , COALESCE(entries.client_id, 'unknown') AS client_id
         , steps.step_name
      FROM funnel_entries AS entries
     INNER JOIN step_names AS steps
        ON steps.funnel_name = entries.funnel_name
       AND steps.step_order = entries.dropped_at_step_order
     WHERE entries.is_mature
       AND entries.account_created_at IS NOT NULL
     GROUP BY steps.funnel_name
            , COALESCE(entries.client_id, 'unknown')
            , steps.step_order
            , steps.step_name
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY steps.funnel_name
                          , COALESCE(entries.client_id, 'unknown')
                   ORDER BY COUNT(*) DESC
                          , steps.step_order
           ) = 1
)

, rests AS (
    SELECT clients.*
         , SUM(clients.account_count) OVER funnel - clients.account_count AS rest_account_count
         , SUM(clients.converted_count) OVER funnel - clients.converted_count AS rest_converted_count
      FROM clients
    WINDOW funnel AS (PARTITION BY clients.funnel_name)
)

SELECT rests.funnel_name
     , rests.client_id
     , rests.client_name
     , rests.account_count
     , rests.converted_count
     , rests.converted_count / rests.account_count AS conversion_rate
     , rests.rest_converted_count / NULLIF(rests.rest_account_count, 0) AS rest_conversion_rate
     , 100 * (conversion_rate - rest_conversion_rate) AS difference_in_points
     , rests.client_id <> 'unknown' AND rests.account_count >= 30 AND rests.converted_count >= 5
       AND rests.account_count - rests.converted_count >= 5 AND rests.rest_account_count > 0 AS is_tested
     , losses.step_name AS largest_drop_off_step_name
     , rests.account_count >= 10 AS is_reportable
  FROM rests
  LEFT JOIN losses
    ON losses.funnel_name = rests.funnel_name
   AND losses.client_id = rests.client_id;

CREATE TABLE funnel_page_engagement AS
WITH viewed AS (
    SELECT entries.funnel_no
         , visits.step_order
         , UNNEST(entries.segment_nos) AS segment_no
         , visits.dwell_ms
         , visits.is_dwell_capped
         , visits.ms_to_cta_click
         , visits.has_call_to_action
         , visits.scroll_depth_rate
      FROM visits
     INNER JOIN entry_segments AS entries
        ON entries.entry_no = visits.entry_no
)

, view_counts AS (
    SELECT viewed.funnel_no
         , viewed.step_order
         , viewed.segment_no
         , COUNT(*) AS visit_count
         , COUNT(*) FILTER (viewed.dwell_ms IS NULL) / COUNT(*) AS unknown_dwell_rate
         , COUNT(*) FILTER (viewed.is_dwell_capped) / COUNT(*) AS capped_rate
         , COUNT(viewed.ms_to_cta_click) FILTER (viewed.has_call_to_action)
           / NULLIF(COUNT(*) FILTER (viewed.has_call_to_action), 0) AS cta_click_rate
         , MEDIAN(viewed.ms_to_cta_click) / 1000 AS median_seconds_to_cta_click
         , MEDIAN(viewed.scroll_depth_rate) AS median_scroll_depth_rate
      FROM viewed
     GROUP BY ALL
)

, viewers AS (
    SELECT entries.funnel_no
         , steps.step_order
         , UNNEST(entries.segment_nos) AS segment_no
         , steps.dwell_ms
         , steps.engaged_ms
      FROM step_visits AS steps
     INNER JOIN entry_segments AS entries
        ON entries.entry_no = steps.entry_no
)

, viewer_counts AS (
    SELECT viewers.funnel_no
         , viewers.step_order
         , viewers.segment_no
         , COUNT(*) AS person_count
         , AVG(viewers.dwell_ms) / 1000 AS average_seconds_per_person
         , QUANTILE_CONT(viewers.dwell_ms, [0.25, 0.5, 0.75, 0.9]) AS quartiles_ms
         , AVG(viewers.engaged_ms) / 1000 AS average_engaged_seconds_per_person
         , MEDIAN(viewers.engaged_ms) / 1000 AS median_engaged_seconds_per_person
      FROM viewers
     GROUP BY ALL
)

SELECT steps.funnel_name
     , people.step_order
     , steps.step_name
     , segments.segment_name
     , segments.segment_value
     , people.person_count
     , views.visit_count
     , people.average_seconds_per_person
     , people.quartiles_ms[2] / 1000 AS median_seconds_per_person
     , people.quartiles_ms[1] / 1000 AS p25_seconds
     , people.quartiles_ms[3] / 1000 AS p75_seconds
     , people.quartiles_ms[4] / 1000 AS p90_seconds
     , people.average_engaged_seconds_per_person
     , people.median_engaged_seconds_per_person
     , views.visit_count / people.person_count AS visits_per_person
     , views.unknown_dwell_rate
     , views.capped_rate
     , views.cta_click_rate
     , views.median_seconds_to_cta_click
     , views.median_scroll_depth_rate
     , people.person_count >= 10 AS is_reportable
  FROM viewer_counts AS people
 INNER JOIN view_counts AS views
    ON views.funnel_no = people.funnel_no
   AND views.step_order = people.step_order
   AND views.segment_no = people.segment_no
 INNER JOIN segments
    ON segments.segment_no = people.segment_no
 INNER JOIN step_names AS steps
    ON steps.funnel_no = people.funnel_no
   AND steps.step_order = people.step_order;

CREATE TABLE funnel_drop_off_destinations AS
WITH drop_offs AS (
    SELECT entries.entry_no
         , entries.funnel_no
         , entries.person_no
         , entries.window_ends_at
         , steps.step_order
         , steps.step_name
         , entries.reached_ats[entries.furthest_required_number] AS reached_at
      FROM entries
     INNER JOIN daily_steps AS steps
        ON steps.funnel_no = entries.funnel_no
       AND steps.entered_date = entries.entered_date
       AND steps.required_number = entries.furthest_required_number
       AND NOT steps.is_optional
     WHERE entries.is_mature
       AND entries.converted_at IS NULL
)

, person_visits AS (
    SELECT drop_offs.entry_no
         , loads.path_no
         , loads.viewed_at
         , loads.event_id
         , drop_offs.reached_at
      FROM loads
     INNER JOIN drop_offs
        ON drop_offs.person_no = loads.person_no
       AND drop_offs.window_ends_at >= loads.viewed_at
     WHERE loads.is_visit_start
)

-- the page on which the step was reached
, last_pages AS (
    SELECT visits.entry_no
         , ARG_MAX(visits.path_no, (visits.viewed_at, visits.event_id)) AS path_no
      FROM person_visits AS visits
     WHERE visits.viewed_at <= visits.reached_at
     GROUP BY visits.entry_no
)

, next_pages AS (
    SELECT visits.entry_no
         , ARG_MIN(visits.path_no, (visits.viewed_at, visits.event_id)) AS path_no
      FROM person_visits AS visits
      LEFT JOIN last_pages
        ON last_pages.entry_no = visits.entry_no
     WHERE visits.viewed_at > visits.reached_at
       AND visits.path_no IS DISTINCT FROM last_pages.path_no
     GROUP BY visits.entry_no
)

, counts AS (
    SELECT drop_offs.funnel_no
         , drop_offs.step_order
         , drop_offs.step_name
         , next_pages.path_no
         , COUNT(*) AS entry_count
      FROM drop_offs
      LEFT JOIN next_pages
        ON next_pages.entry_no = drop_offs.entry_no
     GROUP BY ALL
)

, destinations AS (
    SELECT funnels.funnel_name
         , counts.step_order
         , counts.step_name
         , CASE
               WHEN counts.path_no IS NULL THEN '(no further page)'
               WHEN counts.entry_count < 10 THEN '(other pages)'
               ELSE COALESCE(pages.page_urlpath, '(page without a path)')
           END AS destination
         , SUM(counts.entry_count) AS entry_count
      FROM counts
     INNER JOIN funnels
        ON funnels.funnel_no = counts.funnel_no
      LEFT JOIN pages
        ON pages.path_no = counts.path_no
     GROUP BY ALL
)

SELECT destinations.*
     , destinations.entry_count / SUM(destinations.entry_count) OVER (
           PARTITION BY destinations.funnel_name
                      , destinations.step_order
       ) AS entry_share_rate
  FROM destinations;

CREATE TABLE funnel_step_introductions AS
WITH additions AS (
    SELECT steps.funnel_name
         , steps.step_order
         , FIRST(steps.step_name) AS step_name
         , MIN(steps.valid_from_date) AS valid_from_date
      FROM funnel_definitions AS steps
     GROUP BY steps.funnel_name
            , steps.step_order
    HAVING BOOL_AND(steps.has_valid_from_date)
)

, periods AS (
    SELECT additions.funnel_name
         , additions.step_order
         , additions.step_name
         , additions.valid_from_date
         , entries.entered_date >= additions.valid_from_date AS is_after
         , MIN(entries.entered_date) AS first_entered_date
         , MAX(entries.entered_date) AS last_entered_date
         , COUNT(*) AS mature_entry_count
         , COUNT(entries.converted_at) AS converted_count
      FROM additions
     INNER JOIN funnel_entries AS entries
        ON entries.funnel_name = additions.funnel_name
     WHERE entries.is_mature
     GROUP BY ALL
)

SELECT periods.funnel_name
     , periods.step_order
     , periods.step_name
     , periods.valid_from_date
     , CASE WHEN periods.is_after THEN 'after' ELSE 'before' END AS period
     , periods.first_entered_date
     , periods.last_entered_date
     , periods.mature_entry_count
     , periods.converted_count
     , periods.converted_count / periods.mature_entry_count AS conversion_rate
     , 100 * (
           conversion_rate - LAG(periods.converted_count / periods.mature_entry_count) OVER addition
       ) AS difference_in_points
     , periods.mature_entry_count >= 10 AS is_reportable
  FROM periods
WINDOW addition AS (PARTITION BY periods.funnel_name, periods.step_order ORDER BY periods.is_after)
QUALIFY COUNT(*) OVER (PARTITION BY periods.funnel_name, periods.step_order) = 2;
