-- One row per attempt × required step that it reached: the first hit at or after the step before was reached.
{%- set max_steps = var('max_funnel_steps') %}
WITH hits_in_window AS (
    SELECT attempts.funnel_name
         , attempts.person_id
         , attempts.attempt_number
         , steps.required_number
         , hits.hit_at
      FROM {{ ref('funnel_attempts') }} AS attempts
     INNER JOIN {{ ref('funnel_step_hits') }} AS hits
        ON hits.funnel_name = attempts.funnel_name
       AND hits.person_id = attempts.person_id
       AND hits.hit_at >= attempts.started_at
       AND hits.hit_at <= attempts.window_ends_at
     INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
        ON steps.funnel_name = attempts.funnel_name
       AND steps.entered_date = attempts.started_date
       AND steps.step_order = hits.step_order
     WHERE NOT steps.is_optional
)

, step_1 AS (
    SELECT attempts.funnel_name
         , attempts.person_id
         , attempts.attempt_number
         , attempts.started_at AS reached_at
      FROM {{ ref('funnel_attempts') }} AS attempts
)
{%- for number in range(2, max_steps + 1) %}

, step_{{ number }} AS (
    SELECT hits.funnel_name
         , hits.person_id
         , hits.attempt_number
         , MIN(hits.hit_at) AS reached_at
      FROM step_{{ number - 1 }} AS previous
     INNER JOIN hits_in_window AS hits
        ON hits.funnel_name = previous.funnel_name
       AND hits.person_id = previous.person_id
       AND hits.attempt_number = previous.attempt_number
       AND hits.required_number = {{ number }}
       AND hits.hit_at >= previous.reached_at
     GROUP BY hits.funnel_name
            , hits.person_id
            , hits.attempt_number
)
{%- endfor %}
{% for number in range(1, max_steps + 1) %}
SELECT step_{{ number }}.funnel_name
     , step_{{ number }}.person_id
     , step_{{ number }}.attempt_number
     , {{ number }} AS required_number
     , step_{{ number }}.reached_at
  FROM step_{{ number }}
{%- if not loop.last %}

 UNION ALL
{% endif %}
{%- endfor %}
