-- One row per event key × funnel step that it matches: patterns are resolved here, once, on the few distinct keys.
WITH observed_keys AS (
    SELECT events.event_name
         , events.step_key
      FROM {{ ref('unique_events') }} AS events
     GROUP BY events.event_name
            , events.step_key
)

SELECT observed_keys.event_name
     , observed_keys.step_key
     , steps.funnel_name
     , steps.step_order
     , steps.valid_from_date
     , steps.valid_to_date
  FROM observed_keys
 INNER JOIN {{ ref('funnel_definitions') }} AS steps
    ON CASE steps.match_type
           WHEN 'page_urlpath'
               THEN observed_keys.event_name = 'page_view'
                    -- an underscore in a path is a letter, not LIKE's wildcard
                    AND observed_keys.step_key
                        LIKE REPLACE({{ normalised_path('steps.match_value') }}, '_', '^_') ESCAPE '^'
           WHEN 'funnel_step'
               THEN observed_keys.event_name = 'funnel'
                    AND observed_keys.step_key = steps.funnel_name || '/' || steps.match_value
           WHEN 'event_name'
               THEN steps.match_value = observed_keys.event_name
           ELSE FALSE
       END
