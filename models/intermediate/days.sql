-- One row per day: every date that an event may have.
SELECT CAST(spine.date_day AS DATE) AS calendar_date
  FROM (
        {{ dbt.date_spine(
            'day'
          , "CAST('" ~ var('plausible_from_date') ~ "' AS DATE)"
          , "CAST('" ~ var('plausible_before_date') ~ "' AS DATE)"
        ) }}
       ) AS spine
