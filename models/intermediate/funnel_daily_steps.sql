-- One row per funnel × date × step that the funnel has for people who enter on that date.
WITH dates AS (
    SELECT hits.funnel_name
         , hits.hit_date
      FROM {{ ref('funnel_step_hits') }} AS hits
     GROUP BY hits.funnel_name
            , hits.hit_date
)

SELECT dates.funnel_name
     , dates.hit_date AS entered_date
     , steps.step_order
     , steps.step_name
     , steps.is_optional
     , steps.conversion_window_days

     -- an optional step carries the number of the required step before it
     , SUM(CASE WHEN steps.is_optional THEN 0 ELSE 1 END) OVER (
           PARTITION BY dates.funnel_name
                      , dates.hit_date
               ORDER BY steps.step_order
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
       ) AS required_number
     , SUM(CASE WHEN steps.is_optional THEN 0 ELSE 1 END) OVER (
           PARTITION BY dates.funnel_name
                      , dates.hit_date
       ) AS required_count
  FROM dates
 INNER JOIN {{ ref('funnel_definitions') }} AS steps
    ON steps.funnel_name = dates.funnel_name
   AND {{ applies_on('steps', 'dates.hit_date') }}
