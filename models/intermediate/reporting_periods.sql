-- One row per date × grain: the week, the month, or the whole time that a date belongs to.
WITH dates AS (
    SELECT entries.entered_date AS reported_date
      FROM {{ ref('funnel_first_entries') }} AS entries

     UNION -- distinct: one row per date

    SELECT members.account_created_date AS reported_date
      FROM {{ ref('members') }} AS members

     UNION -- distinct: likewise

    SELECT hits.hit_date AS reported_date
      FROM {{ ref('funnel_step_hits') }} AS hits
)

SELECT dates.reported_date
     , grains.grain
     , CASE grains.grain
           WHEN 'week' THEN CAST({{ dbt.date_trunc('week', 'dates.reported_date') }} AS DATE)
           WHEN 'month' THEN CAST({{ dbt.date_trunc('month', 'dates.reported_date') }} AS DATE)
       END AS period_start_date
     , CASE grains.grain
           WHEN 'week'
               THEN CAST({{ dbt.dateadd('week', 1, dbt.date_trunc('week', 'dates.reported_date')) }} AS DATE)
           WHEN 'month'
               THEN CAST({{ dbt.dateadd('month', 1, dbt.date_trunc('month', 'dates.reported_date')) }} AS DATE)
       END AS next_period_start_date
  FROM dates
 CROSS JOIN (
        VALUES ('week')
             , ('month')
             , ('all')
       ) AS grains (grain)
