-- One row per funnel × page view of one of its steps, between the entry and its conversion or the end of its window.
WITH call_to_action_pages AS (
    SELECT {{ normalised_path('calls_to_action.page_urlpath') }} AS page_urlpath
      FROM {{ ref('calls_to_action') }} AS calls_to_action
     GROUP BY {{ normalised_path('calls_to_action.page_urlpath') }}
)

SELECT page_views.page_view_id
     , visits.funnel_entry_id
     , visits.funnel_name
     , visits.step_order
     , visits.step_name
     , page_views.page_urlpath
     , page_views.domain_sessionid
     , page_views.viewed_at
     , {{ reporting_date('page_views.viewed_at') }} AS viewed_date
     , page_views.dwell_seconds
     , page_views.engaged_seconds
     , page_views.is_dwell_unknown
     , page_views.is_dwell_capped
     , visits.visit_number
     , call_to_action_pages.page_urlpath IS NOT NULL AS has_call_to_action
     , page_views.seconds_to_cta_click IS NOT NULL AS has_cta_click
     , page_views.seconds_to_cta_click
     , page_views.scroll_depth_rate
  FROM {{ ref('funnel_visits') }} AS visits
 INNER JOIN {{ ref('page_views') }} AS page_views
    ON page_views.event_id = visits.event_id
  LEFT JOIN call_to_action_pages
    ON call_to_action_pages.page_urlpath = page_views.page_urlpath
