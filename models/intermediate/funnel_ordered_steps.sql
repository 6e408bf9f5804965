-- One row per funnel × person × required step that the first attempt reached, as far as first hits come in order.
{%- set max_steps = var('max_funnel_steps') %}
WITH first_hits AS (
    SELECT hits.funnel_name
         , hits.person_id
         {{- first_hits('hits', max_steps) }}
      FROM {{ ref('funnel_step_hits') }} AS hits
     GROUP BY hits.funnel_name
            , hits.person_id
)

, required_steps AS (
    SELECT steps.funnel_name
         , steps.entered_date
         {%- for number in range(2, max_steps + 1) %}
         , MAX(CASE WHEN steps.required_number = {{ number }} THEN steps.step_order END) AS step_{{ number }}
         {%- endfor %}
      FROM {{ ref('funnel_daily_steps') }} AS steps
     WHERE NOT steps.is_optional
     GROUP BY steps.funnel_name
            , steps.entered_date
)

, first_attempts AS (
    SELECT firsts.funnel_name
         , firsts.person_id
         {%- for number in range(1, max_steps + 1) %}
         , firsts.first_{{ number }}_at
         {%- endfor %}
         , {{ ordered_count('firsts', max_steps) }} AS ordered_count
      FROM (
            -- from here on the number is that of the required step: there is none before it with a higher place
            SELECT attempts.funnel_name
                 , attempts.person_id
                 , attempts.window_ends_at
                 , attempts.started_at AS first_1_at
                 {%- for number in range(2, max_steps + 1) %}
                 , CASE required_steps.step_{{ number }}
                       {%- for step_order in range(number, max_steps + 1) %}
                       WHEN {{ step_order }} THEN first_hits.first_{{ step_order }}_at
                       {%- endfor %}
                       ELSE {{ no_hit() }}
                   END AS first_{{ number }}_at
                 {%- endfor %}
              FROM {{ ref('funnel_attempts') }} AS attempts
             INNER JOIN first_hits
                ON first_hits.funnel_name = attempts.funnel_name
               AND first_hits.person_id = attempts.person_id
             INNER JOIN required_steps
                ON required_steps.funnel_name = attempts.funnel_name
               AND required_steps.entered_date = attempts.started_date
             WHERE attempts.attempt_number = 1
           ) AS firsts
)
{% for number in range(1, max_steps + 1) %}
SELECT first_attempts.funnel_name
     , first_attempts.person_id
     , {{ number }} AS required_number
     , first_attempts.first_{{ number }}_at AS reached_at
     , first_attempts.ordered_count = -{{ number }} AS is_undecided
  FROM first_attempts
 WHERE ABS(first_attempts.ordered_count) >= {{ number }}
{%- if not loop.last %}

 UNION ALL
{% endif %}
{%- endfor %}
