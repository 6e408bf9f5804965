-- One row per day on which anybody got an account or was at a step of a funnel.
SELECT periods.reported_date AS calendar_date
  FROM {{ ref('reporting_periods') }} AS periods
 WHERE periods.grain = 'all'
