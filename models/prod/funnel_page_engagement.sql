-- One row per funnel × step × segment: how long people spend on the step's page, and what they do there.
WITH visits AS (
    SELECT segments.segment_number
         , page_views.step_order
         , COUNT(*) AS visit_count
         , AVG(CAST(CASE WHEN page_views.is_dwell_unknown THEN 1 ELSE 0 END AS DOUBLE)) AS unknown_dwell_rate
         , AVG(CAST(CASE WHEN page_views.is_dwell_capped THEN 1 ELSE 0 END AS DOUBLE)) AS capped_rate
         , AVG(CAST(CASE
                   WHEN NOT page_views.has_call_to_action THEN NULL
                   WHEN page_views.has_cta_click THEN 1
                   ELSE 0
               END AS DOUBLE)) AS cta_click_rate
         , {{ percentile('page_views.seconds_to_cta_click', 0.5) }} AS median_seconds_to_cta_click
         , {{ percentile('page_views.scroll_depth_rate', 0.5) }} AS median_scroll_depth_rate
      FROM {{ ref('funnel_page_views') }} AS page_views
     INNER JOIN {{ ref('funnel_entry_profiles') }} AS profiles
        ON profiles.funnel_entry_id = page_views.funnel_entry_id
     INNER JOIN {{ ref('funnel_profile_segments') }} AS segments
        ON segments.profile_number = profiles.profile_number
     GROUP BY segments.segment_number
            , page_views.step_order
)

, people AS (
    SELECT segments.segment_number
         , steps.step_order
         , COUNT(*) AS person_count
         , {{ exact_sum('steps.dwell_seconds') }} / NULLIF(COUNT(steps.dwell_seconds), 0) AS average_seconds_per_person
         , {{ percentile('steps.dwell_seconds', 0.25) }} AS p25_seconds
         , {{ percentile('steps.dwell_seconds', 0.5) }} AS median_seconds_per_person
         , {{ percentile('steps.dwell_seconds', 0.75) }} AS p75_seconds
         , {{ percentile('steps.dwell_seconds', 0.9) }} AS p90_seconds
         , {{ exact_sum('steps.engaged_seconds') }} / COUNT(*) AS average_engaged_seconds_per_person
         , {{ percentile('steps.engaged_seconds', 0.5) }} AS median_engaged_seconds_per_person
      FROM {{ ref('funnel_entry_steps') }} AS steps
     INNER JOIN {{ ref('funnel_entry_profiles') }} AS profiles
        ON profiles.funnel_entry_id = steps.funnel_entry_id
     INNER JOIN {{ ref('funnel_profile_segments') }} AS segments
        ON segments.profile_number = profiles.profile_number
     WHERE steps.engaged_seconds IS NOT NULL -- the person viewed the step's page
     GROUP BY segments.segment_number
            , steps.step_order
)

, step_names AS (
    SELECT steps.funnel_name
         , steps.step_order
         , MIN(steps.step_name) AS step_name
      FROM {{ ref('funnel_definitions') }} AS steps
     GROUP BY steps.funnel_name
            , steps.step_order
)

SELECT segments.funnel_name
     , people.step_order
     , step_names.step_name
     , segments.segment_name
     , segments.segment_value
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
    ON visits.segment_number = people.segment_number
   AND visits.step_order = people.step_order
 INNER JOIN {{ ref('funnel_segments') }} AS segments
    ON segments.segment_number = people.segment_number
 INNER JOIN step_names
    ON step_names.funnel_name = segments.funnel_name
   AND step_names.step_order = people.step_order
