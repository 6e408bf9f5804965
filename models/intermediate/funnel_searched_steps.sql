-- One row per undecided attempt × required step that it reached: the first hit at or after the step before was reached.
{%- set max_steps = var('max_funnel_steps') %}
WITH undecided AS (
    SELECT attempts.funnel_name
         , attempts.person_id
         , attempts.attempt_number
         , attempts.started_date
         , attempts.window_ends_at
         , attempts.required_number
         , attempts.reached_at
      FROM {{ ref('funnel_undecided_attempts') }} AS attempts
)

, hits_in_window AS (
    SELECT undecided.funnel_name
         , undecided.person_id
         , undecided.attempt_number
         , steps.required_number
         , hits.hit_at
      FROM undecided
     INNER JOIN {{ ref('funnel_step_hits') }} AS hits
        ON hits.funnel_name = undecided.funnel_name
       AND hits.person_id = undecided.person_id
       AND hits.hit_at >= undecided.reached_at
       AND hits.hit_at <= undecided.window_ends_at
     INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
        ON steps.funnel_name = undecided.funnel_name
       AND steps.entered_date = undecided.started_date
       AND steps.step_order = hits.step_order
     WHERE NOT steps.is_optional
)
{{ chain(['funnel_name', 'person_id', 'attempt_number'], max_steps) }}
{% for number in range(1, max_steps + 1) %}
SELECT chain_{{ number }}.funnel_name
     , chain_{{ number }}.person_id
     , chain_{{ number }}.attempt_number
     , chain_{{ number }}.required_number
     , chain_{{ number }}.reached_at
  FROM chain_{{ number }}
{%- if not loop.last %}

 UNION ALL
{% endif %}
{%- endfor %}
