-- Rows: two steps of a funnel that one event would count for, while both are valid.
WITH steps AS (
    SELECT definitions.funnel_name
         , definitions.step_order
         , definitions.step_name
         , definitions.match_value

         -- event and key as one pattern; a step by event name takes the event whatever its key
         , CASE definitions.match_type
               WHEN 'page_urlpath' THEN 'page_view ' || {{ normalised_path('definitions.match_value') }}
               WHEN 'funnel_step' THEN 'funnel ' || definitions.match_value
               ELSE definitions.match_value || ' %'
           END AS pattern
         , COALESCE(definitions.valid_from_date, CAST('1970-01-01' AS DATE)) AS valid_from_date
         , COALESCE(definitions.valid_to_date, CAST('9999-12-31' AS DATE)) AS valid_to_date
      FROM {{ ref('funnel_definitions') }} AS definitions
)

SELECT steps.funnel_name
     , steps.step_order
     , steps.step_name
     , steps.match_value
     , other_steps.step_order AS other_step_order
     , other_steps.step_name AS other_step_name
     , other_steps.match_value AS other_match_value
  FROM steps
 INNER JOIN steps AS other_steps
    ON other_steps.funnel_name = steps.funnel_name
   AND other_steps.step_order > steps.step_order
   AND other_steps.valid_from_date <= steps.valid_to_date
   AND other_steps.valid_to_date >= steps.valid_from_date
   AND (
           other_steps.pattern LIKE REPLACE(steps.pattern, '_', '^_') ESCAPE '^'
           OR steps.pattern LIKE REPLACE(other_steps.pattern, '_', '^_') ESCAPE '^'
       )
