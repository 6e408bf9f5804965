-- One row per funnel × page view of one of its steps, between the entry and its conversion or the end of its window.
WITH call_to_action_pages AS (
    SELECT {{ normalised_path('calls_to_action.page_urlpath') }} AS page_urlpath
      FROM {{ ref('calls_to_action') }} AS calls_to_action
     GROUP BY {{ normalised_path('calls_to_action.page_urlpath') }}
)

-- numbered before the wide columns are joined: to sort those as well costs more than all the rest
, numbered AS (
    SELECT hits.event_id
         , entries.funnel_entry_id
         , entries.funnel_name
         , entries.entered_date
         , hits.step_order
         , ROW_NUMBER() OVER (
               PARTITION BY entries.funnel_entry_id
                          , hits.step_order
                   ORDER BY hits.hit_at
                          , hits.event_id
           ) AS visit_number
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('funnel_step_hits') }} AS hits
        ON hits.funnel_name = entries.funnel_name
       AND hits.person_id = entries.person_id
       AND hits.hit_at >= entries.entered_at
       AND hits.hit_at <= entries.measured_until_at
     INNER JOIN {{ ref('page_loads') }} AS loads
        ON loads.event_id = hits.event_id
       AND loads.is_visit_start
)

SELECT visits.page_view_id
     , numbered.funnel_entry_id
     , numbered.funnel_name
     , numbered.step_order
     , steps.step_name
     , visits.page_urlpath
     , visits.domain_sessionid
     , visits.viewed_at
     , {{ reporting_date('visits.viewed_at') }} AS viewed_date
     , visits.dwell_seconds
     , visits.engaged_seconds
     , visits.is_dwell_unknown
     , visits.is_dwell_capped
     , CAST(numbered.visit_number AS INTEGER) AS visit_number
     , call_to_action_pages.page_urlpath IS NOT NULL AS has_call_to_action
     , visits.seconds_to_cta_click IS NOT NULL AS has_cta_click
     , visits.seconds_to_cta_click
     , visits.scroll_depth_rate
  FROM numbered
 INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
    ON steps.funnel_name = numbered.funnel_name
   AND steps.entered_date = numbered.entered_date
   AND steps.step_order = numbered.step_order
 INNER JOIN {{ ref('page_views') }} AS visits
    ON visits.event_id = numbered.event_id
  LEFT JOIN call_to_action_pages
    ON call_to_action_pages.page_urlpath = visits.page_urlpath
