-- One row per funnel × grain × period × segment: what share of its mature entries converted, and how the rate moved.
WITH entries AS (
    SELECT segments.segment_number
         , periods.grain
         , periods.period_start_date
         , MIN({{ dbt.datediff('entries.entered_at', 'entries.window_ends_at', 'day') }}) AS window_days
         , MIN(periods.next_period_start_date) AS next_period_start_date
         , MIN(entries.observed_until_at) AS observed_until_at
         , COUNT(*) AS entry_count
         , SUM(CASE WHEN entries.is_mature THEN 1 ELSE 0 END) AS mature_entry_count
         , SUM(CASE WHEN entries.is_mature AND entries.is_converted THEN 1 ELSE 0 END) AS converted_count
         , SUM(CASE WHEN entries.is_mature_7d THEN 1 ELSE 0 END) AS mature_7d_entry_count
         , AVG(CAST(CASE
                   WHEN NOT entries.is_mature_1d THEN NULL
                   WHEN entries.is_converted_1d THEN 1
                   ELSE 0
               END AS DOUBLE)) AS conversion_rate_1d
         , AVG(CAST(CASE
                   WHEN NOT entries.is_mature_7d THEN NULL
                   WHEN entries.is_converted_7d THEN 1
                   ELSE 0
               END AS DOUBLE)) AS conversion_rate_7d
         , {{ percentile('CASE WHEN entries.is_mature THEN entries.seconds_to_convert END', 0.5) }}
           AS median_seconds_to_convert
      FROM {{ ref('funnel_entries') }} AS entries
     INNER JOIN {{ ref('funnel_entry_profiles') }} AS profiles
        ON profiles.funnel_entry_id = entries.funnel_entry_id
     INNER JOIN {{ ref('funnel_profile_segments') }} AS segments
        ON segments.profile_number = profiles.profile_number
     INNER JOIN {{ ref('reporting_periods') }} AS periods
        ON periods.reported_date = entries.entered_date
     GROUP BY segments.segment_number
            , periods.grain
            , periods.period_start_date
)

, unentered AS (
    SELECT people.funnel_name
         , periods.grain
         , periods.period_start_date
         , COUNT(*) AS unentered_person_count
      FROM {{ ref('unentered_people') }} AS people
     INNER JOIN {{ ref('reporting_periods') }} AS periods
        ON periods.reported_date = people.first_seen_date
     GROUP BY people.funnel_name
            , periods.grain
            , periods.period_start_date
)

SELECT segments.funnel_name
     , entries.grain
     , entries.period_start_date
     , segments.segment_name
     , segments.segment_value
     , CAST(entries.entry_count AS BIGINT) AS entry_count
     , CAST(entries.mature_entry_count AS BIGINT) AS mature_entry_count
     , CAST(entries.entry_count - entries.mature_entry_count AS BIGINT) AS open_entry_count
     , CAST(entries.converted_count AS BIGINT) AS converted_count
     , CAST(entries.converted_count AS DOUBLE) / NULLIF(entries.mature_entry_count, 0) AS conversion_rate
     , {{ wilson_low('entries.converted_count', 'entries.mature_entry_count') }} AS conversion_rate_low
     , {{ wilson_high('entries.converted_count', 'entries.mature_entry_count') }} AS conversion_rate_high
     , CAST(entries.conversion_rate_1d AS DOUBLE) AS conversion_rate_1d
     , CAST(entries.conversion_rate_7d AS DOUBLE) AS conversion_rate_7d
     , CAST(entries.mature_7d_entry_count AS BIGINT) AS mature_7d_entry_count
     , CASE
           WHEN entries.grain = 'all' THEN entries.entry_count = entries.mature_entry_count
           ELSE {{ dbt.dateadd('day', 'entries.window_days', 'entries.next_period_start_date') }}
                <= {{ reporting_date('entries.observed_until_at') }}
       END AS is_complete_period
     , CAST(entries.median_seconds_to_convert AS DOUBLE) AS median_seconds_to_convert
     , effects.mix_effect
     , effects.rate_effect
     , CAST(tracking.tracked_account_count AS DOUBLE) / tracking.account_count AS tracking_coverage_rate
     , entries.mature_entry_count >= {{ var('reportable_count') }} AS is_reportable
     , CASE
           WHEN segments.segment_name = 'all' THEN CAST(COALESCE(unentered.unentered_person_count, 0) AS BIGINT)
       END AS unentered_person_count
  FROM entries
 INNER JOIN {{ ref('funnel_segments') }} AS segments
    ON segments.segment_number = entries.segment_number
  LEFT JOIN {{ ref('conversion_rate_effects') }} AS effects
    ON effects.funnel_name = segments.funnel_name
   AND effects.grain = entries.grain
   AND effects.period_start_date = entries.period_start_date
   AND segments.segment_name = 'all'
  LEFT JOIN {{ ref('account_tracking') }} AS tracking
    ON tracking.funnel_name = segments.funnel_name
   AND tracking.grain = entries.grain
   AND tracking.period_start_date IS NOT DISTINCT FROM entries.period_start_date
   AND tracking.segment_name = segments.segment_name
   AND tracking.segment_value = segments.segment_value
  LEFT JOIN unentered
    ON unentered.funnel_name = segments.funnel_name
   AND unentered.grain = entries.grain
   AND unentered.period_start_date IS NOT DISTINCT FROM entries.period_start_date
   AND segments.segment_name = 'all'
