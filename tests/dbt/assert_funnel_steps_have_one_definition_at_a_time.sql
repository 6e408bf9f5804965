-- Rows: definitions of a step that still hold when its next one begins; an event could count twice.
WITH definitions AS (
    SELECT steps.funnel_name
         , steps.step_order
         , steps.step_name
         , steps.match_value
         , steps.valid_to_date
         , LEAD(steps.match_value) OVER (
               PARTITION BY steps.funnel_name
                          , steps.step_order
                   ORDER BY COALESCE(steps.valid_from_date, CAST('1970-01-01' AS DATE))
                          , steps.match_value
           ) AS next_match_value
         , LEAD(COALESCE(steps.valid_from_date, CAST('1970-01-01' AS DATE))) OVER (
               PARTITION BY steps.funnel_name
                          , steps.step_order
                   ORDER BY COALESCE(steps.valid_from_date, CAST('1970-01-01' AS DATE))
                          , steps.match_value
           ) AS next_valid_from_date
      FROM {{ ref('funnel_definitions') }} AS steps
)

SELECT definitions.funnel_name
     , definitions.step_order
     , definitions.step_name
     , definitions.match_value
     , definitions.valid_to_date
     , definitions.next_match_value
     , definitions.next_valid_from_date
  FROM definitions
 WHERE definitions.next_valid_from_date <= COALESCE(definitions.valid_to_date, CAST('9999-12-31' AS DATE))
