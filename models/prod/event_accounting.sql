-- One row per load date × reason: how many delivered events are modelled, or why they are not.
WITH funnel_pages AS (
    SELECT step_keys.step_key AS page_urlpath
      FROM {{ ref('funnel_step_keys') }} AS step_keys
     WHERE step_keys.event_name = 'page_view'
       AND step_keys.step_key IS NOT NULL
     GROUP BY step_keys.step_key
)

, funnel_events AS (
    SELECT step_keys.event_name
         , step_keys.step_key
      FROM {{ ref('funnel_step_keys') }} AS step_keys
     GROUP BY step_keys.event_name
            , step_keys.step_key
)

, kinds_of_events AS (
    -- counted before they are joined: there are few kinds
    SELECT events.loaded_date AS load_date
         , events.exclusion_reason
         , events.event_name
         , events.step_key
         , events.page_urlpath
         , COUNT(*) AS event_count
      FROM {{ ref('member_events') }} AS events
     GROUP BY events.loaded_date
            , events.exclusion_reason
            , events.event_name
            , events.step_key
            , events.page_urlpath
)

, reasons AS (
    SELECT events.loaded_date AS load_date
         , events.rejection_reason AS reason
         , COUNT(*) AS event_count
      FROM {{ ref('events') }} AS events
     WHERE events.rejection_reason IS NOT NULL
     GROUP BY events.loaded_date
            , events.rejection_reason

     UNION ALL

    SELECT deliveries.loaded_date AS load_date
         , 'duplicate' AS reason
         , COUNT(*) AS event_count
      FROM {{ ref('repeated_deliveries') }} AS deliveries
     WHERE deliveries.delivery_number > 1
     GROUP BY deliveries.loaded_date

     UNION ALL

    SELECT kinds_of_events.load_date
         , COALESCE(
               kinds_of_events.exclusion_reason
             , CASE
                   WHEN funnel_events.event_name IS NULL AND funnel_pages.page_urlpath IS NULL THEN 'outside_funnels'
                   ELSE 'modelled'
               END
           ) AS reason
         , kinds_of_events.event_count
      FROM kinds_of_events
      LEFT JOIN funnel_events
        ON funnel_events.event_name = kinds_of_events.event_name
       AND funnel_events.step_key IS NOT DISTINCT FROM kinds_of_events.step_key
      LEFT JOIN funnel_pages
        ON funnel_pages.page_urlpath = kinds_of_events.page_urlpath
)

SELECT reasons.load_date
     , reasons.reason
     , CAST(SUM(reasons.event_count) AS BIGINT) AS event_count
  FROM reasons
 GROUP BY reasons.load_date
        , reasons.reason
