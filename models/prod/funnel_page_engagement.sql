-- One row per funnel × step × segment: how long people spend on the step's page, and what they do there.
WITH visits AS (
    SELECT page_views.funnel_name
         , page_views.step_order
         , page_views.step_name
         , segments.segment_name
         , segments.segment_value
         , COUNT(*) AS visit_count
         , AVG(CAST(CASE WHEN page_views.is_dwell_unknown THEN 1 ELSE 0 END AS DOUBLE)) AS unknown_dwell_rate
         , AVG(CAST(CASE WHEN page_views.is_dwell_capped THEN 1 ELSE 0 END AS DOUBLE)) AS capped_rate
         , AVG(CAST(CASE
                   WHEN NOT page_views.has_call_to_action THEN NULL
                   WHEN page_views.has_cta_click THEN 1
                   ELSE 0
               END AS DOUBLE)) AS cta_click_rate
         , MEDIAN(page_views.seconds_to_cta_click) AS median_seconds_to_cta_click
         , MEDIAN(page_views.scroll_depth_rate) AS median_scroll_depth_rate
      FROM {{ ref('funnel_page_views') }} AS page_views
     INNER JOIN {{ ref('funnel_entry_segments') }} AS segments
        ON segments.funnel_entry_id = page_views.funnel_entry_id
     GROUP BY page_views.funnel_name
            , page_views.step_order
            , page_views.step_name
            , segments.segment_name
            , segments.segment_value
)

, people AS (
    SELECT steps.funnel_name
         , steps.step_order
         , steps.step_name
         , segments.segment_name
         , segments.segment_value
         , COUNT(*) AS person_count
         , AVG(steps.dwell_seconds) AS average_seconds_per_person
         , PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY steps.dwell_seconds) AS p25_seconds
         , MEDIAN(steps.dwell_seconds) AS median_seconds_per_person
         , PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY steps.dwell_seconds) AS p75_seconds
         , PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY steps.dwell_seconds) AS p90_seconds
         , AVG(steps.engaged_seconds) AS average_engaged_seconds_per_person
         , MEDIAN(steps.engaged_seconds) AS median_engaged_seconds_per_person
      FROM {{ ref('funnel_entry_steps') }} AS steps
     INNER JOIN {{ ref('funnel_entry_segments') }} AS segments
        ON segments.funnel_entry_id = steps.funnel_entry_id
     WHERE steps.engaged_seconds IS NOT NULL -- the person viewed the step's page
     GROUP BY steps.funnel_name
            , steps.step_order
            , steps.step_name
            , segments.segment_name
            , segments.segment_value
)

SELECT people.funnel_name
     , people.step_order
     , people.step_name
     , people.segment_name
     , people.segment_value
     , CAST(people.person_count AS BIGINT) AS person_count
     , CAST(visits.visit_count AS BIGINT) AS visit_count
     , CAST(people.average_seconds_per_person AS DOUBLE) AS average_seconds_per_person
     , CAST(people.median_seconds_per_person AS DOUBLE) AS median_seconds_per_person
     , CAST(people.p25_seconds AS DOUBLE) AS p25_seconds
     , CAST(people.p75_seconds AS DOUBLE) AS p75_seconds
     , CAST(people.p90_seconds AS DOUBLE) AS p90_seconds
     , CAST(people.average_engaged_seconds_per_person AS DOUBLE) AS average_engaged_seconds_per_person
     , CAST(people.median_engaged_seconds_per_person AS DOUBLE) AS median_engaged_seconds_per_person
     , CAST(visits.visit_count AS DOUBLE) / people.person_count AS visits_per_person
     , CAST(visits.unknown_dwell_rate AS DOUBLE) AS unknown_dwell_rate
     , CAST(visits.capped_rate AS DOUBLE) AS capped_rate
     , CAST(visits.cta_click_rate AS DOUBLE) AS cta_click_rate
     , CAST(visits.median_seconds_to_cta_click AS DOUBLE) AS median_seconds_to_cta_click
     , CAST(visits.median_scroll_depth_rate AS DOUBLE) AS median_scroll_depth_rate
     , people.person_count >= {{ var('reportable_count') }} AS is_reportable
  FROM people
 INNER JOIN visits
    ON visits.funnel_name = people.funnel_name
   AND visits.step_order = people.step_order
   AND visits.step_name = people.step_name
   AND visits.segment_name = people.segment_name
   AND visits.segment_value = people.segment_value
