-- One row per funnel × person: the first entry into the funnel and what became of it.
WITH steps AS (
    SELECT entry_steps.funnel_entry_id
         , MAX(CASE WHEN entry_steps.is_last_step_reached THEN entry_steps.step_order END)
           AS furthest_step_order
         , MAX(CASE WHEN entry_steps.is_last_step_reached THEN entry_steps.step_name END)
           AS furthest_step_name
         , MIN(CASE
                   WHEN entry_steps.is_optional OR entry_steps.is_reached THEN NULL
                   ELSE entry_steps.step_order
               END) AS dropped_at_step_order
         , MAX(CASE WHEN entry_steps.is_step_skipped THEN 1 ELSE 0 END) AS skipped_step_flag
      FROM {{ ref('funnel_entry_steps') }} AS entry_steps
     GROUP BY entry_steps.funnel_entry_id
)

, seen AS (
    SELECT steps_seen.funnel_entry_id
         , MAX(steps_seen.step_order) AS furthest_step_order_seen
      FROM {{ ref('funnel_steps_seen') }} AS steps_seen
     GROUP BY steps_seen.funnel_entry_id
)

SELECT entries.funnel_entry_id
     , entries.funnel_name
     , entries.person_id
     , dimensions.member_id
     , dimensions.client_id
     , dimensions.client_attribution
     , dimensions.member_id IS NULL AS is_anonymous

     -- timestamps (UTC) and dates (reporting time zone)
     , entries.entered_at
     , entries.entered_date
     , CAST({{ dbt.date_trunc('week', 'entries.entered_date') }} AS DATE) AS entered_week_start_date
     , CAST({{ dbt.date_trunc('month', 'entries.entered_date') }} AS DATE) AS entered_month_start_date
     , dimensions.account_created_at

     -- how far
     , steps.furthest_step_order
     , steps.furthest_step_name
     , steps.dropped_at_step_order
     , entries.converted_at IS NOT NULL AS is_converted
     , entries.converted_at
     , CAST({{ seconds_between('entries.entered_at', 'entries.converted_at') }} AS DOUBLE) AS seconds_to_convert
     , COALESCE(entries.converted_at <= {{ dbt.dateadd('day', 1, 'entries.entered_at') }}, FALSE) AS is_converted_1d
     , COALESCE(entries.converted_at <= {{ dbt.dateadd('day', 7, 'entries.entered_at') }}, FALSE) AS is_converted_7d
     , entries.is_converted_ever
     , CAST(entries.entry_count AS INTEGER) AS entry_count
     , seen.furthest_step_order_seen
     , steps.skipped_step_flag = 1 AS has_skipped_step

     -- how long it could be watched
     , entries.observed_until_at
     , entries.window_ends_at
     , entries.is_mature
     , {{ dbt.dateadd('day', 1, 'entries.entered_at') }} <= entries.observed_until_at AS is_mature_1d
     , {{ dbt.dateadd('day', 7, 'entries.entered_at') }} <= entries.observed_until_at AS is_mature_7d

     -- the person at entry
     , dimensions.device_type
     , dimensions.geo_country
     , dimensions.member_country
     , dimensions.client_size
     , dimensions.client_industry
     , dimensions.eligibility_verification_method
     , dimensions.referrer_host
  FROM {{ ref('funnel_first_entries') }} AS entries
 INNER JOIN {{ ref('funnel_entry_dimensions') }} AS dimensions
    ON dimensions.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN steps
    ON steps.funnel_entry_id = entries.funnel_entry_id
 INNER JOIN seen
    ON seen.funnel_entry_id = entries.funnel_entry_id
