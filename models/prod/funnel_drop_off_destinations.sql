-- One row per funnel × step × destination: where people went next who did not get beyond the step.
WITH drop_offs AS (
    SELECT entries.funnel_entry_id
         , entries.funnel_name
         , entries.person_id
         , entries.window_ends_at
         , steps.step_order
         , steps.step_name
         , steps.reached_at
         , visits.page_urlpath
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('funnel_entry_steps') }} AS steps
        ON steps.funnel_entry_id = entries.funnel_entry_id
       AND steps.is_last_step_reached
      -- the page on which the step was reached; what was done on a page is not asked for, so that its loads will do
      LEFT JOIN {{ ref('page_loads') }} AS visits
        ON visits.person_id = entries.person_id
       AND visits.is_visit_start
       AND visits.viewed_at <= steps.reached_at
     WHERE entries.is_mature
       AND entries.converted_at IS NULL
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY entries.funnel_entry_id
                   ORDER BY visits.viewed_at DESC NULLS LAST
                          , visits.event_id DESC NULLS LAST
           ) = 1
)

, next_pages AS (
    SELECT drop_offs.funnel_name
         , drop_offs.step_order
         , drop_offs.step_name
         , CASE
               WHEN visits.event_id IS NULL THEN '(no further page)'
               ELSE COALESCE(visits.page_urlpath, '(page without a path)')
           END AS destination
      FROM drop_offs
      LEFT JOIN {{ ref('page_loads') }} AS visits
        ON visits.person_id = drop_offs.person_id
       AND visits.is_visit_start
       AND visits.viewed_at > drop_offs.reached_at
       AND visits.viewed_at <= drop_offs.window_ends_at
       AND visits.page_urlpath IS DISTINCT FROM drop_offs.page_urlpath
   QUALIFY ROW_NUMBER() OVER (
               PARTITION BY drop_offs.funnel_entry_id
                   ORDER BY visits.viewed_at
                          , visits.event_id
           ) = 1
)

, destinations AS (
    SELECT next_pages.funnel_name
         , next_pages.step_order
         , next_pages.step_name
         , CASE
               WHEN next_pages.destination = '(no further page)' THEN next_pages.destination
               WHEN COUNT(*) < {{ var('reportable_count') }} THEN '(other pages)'
               ELSE next_pages.destination
           END AS destination
         , COUNT(*) AS entry_count
      FROM next_pages
     GROUP BY next_pages.funnel_name
            , next_pages.step_order
            , next_pages.step_name
            , next_pages.destination
)

SELECT destinations.funnel_name
     , destinations.step_order
     , destinations.step_name
     , destinations.destination
     , CAST(SUM(destinations.entry_count) AS BIGINT) AS entry_count
     , CAST(SUM(destinations.entry_count) AS DOUBLE)
       / SUM(SUM(destinations.entry_count)) OVER (
           PARTITION BY destinations.funnel_name
                      , destinations.step_order
       ) AS entry_share_rate
  FROM destinations
 GROUP BY destinations.funnel_name
        , destinations.step_order
        , destinations.step_name
        , destinations.destination
