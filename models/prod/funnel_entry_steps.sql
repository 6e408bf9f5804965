-- One row per entry × step that applies to it: whether and when it was reached, and the time spent on its page.
WITH visits AS (
    SELECT page_views.funnel_entry_id
         , page_views.step_order
         , COUNT(*) AS visit_count
         , {{ exact_sum('page_views.dwell_seconds') }} AS dwell_seconds
         , {{ exact_sum('page_views.engaged_seconds') }} AS engaged_seconds
         , COUNT(*) > COUNT(page_views.dwell_seconds) AS has_unknown_dwell
      FROM {{ ref('funnel_page_views') }} AS page_views
     GROUP BY page_views.funnel_entry_id
            , page_views.step_order
)

, pages AS (
    -- an entry's visits are seen all, so that one join instead of two brings both to the steps
    SELECT seen.funnel_entry_id
         , seen.step_order
         , COALESCE(visits.visit_count, seen.hit_count) AS visit_count
         , visits.dwell_seconds
         , visits.engaged_seconds
         , visits.has_unknown_dwell
      FROM {{ ref('funnel_steps_seen') }} AS seen
      LEFT JOIN visits
        ON visits.funnel_entry_id = seen.funnel_entry_id
       AND visits.step_order = seen.step_order
)

, furthest AS (
    SELECT seen.funnel_entry_id
         , MAX(seen.step_order) AS step_order_seen
      FROM {{ ref('funnel_steps_seen') }} AS seen
     GROUP BY seen.funnel_entry_id
)

SELECT {{ dbt_utils.generate_surrogate_key(['entries.funnel_entry_id', 'times.step_order']) }} AS funnel_entry_step_id
     , entries.funnel_entry_id
     , entries.funnel_name
     , entries.person_id
     , times.step_order
     , times.step_name
     , times.is_optional
     , times.required_number = 1 OR times.previous_required_reached_at IS NOT NULL AS is_eligible
     , times.reached_at IS NOT NULL AS is_reached
     , times.reached_at
     , CAST({{ seconds_between('times.previous_required_reached_at', 'times.reached_at') }} AS DOUBLE)
       AS seconds_from_previous_step
     , CAST({{ seconds_between('entries.entered_at', 'times.reached_at') }} AS DOUBLE) AS seconds_from_entry
     , CAST(COALESCE(pages.visit_count, 0) AS INTEGER) AS visit_count
     , times.reached_at IS NULL
       AND NOT times.is_optional
       AND pages.step_order IS NULL
       AND times.step_order < furthest.step_order_seen AS is_step_skipped
     , NOT times.is_optional
       AND times.required_number = entries.furthest_required_number AS is_last_step_reached
     , pages.dwell_seconds
     , pages.engaged_seconds
     , COALESCE(pages.has_unknown_dwell, FALSE) AS has_unknown_dwell
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_step_times') }} AS times
    ON times.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN furthest
    ON furthest.funnel_entry_id = entries.funnel_entry_id
  LEFT JOIN pages
    ON pages.funnel_entry_id = times.funnel_entry_id
   AND pages.step_order = times.step_order
