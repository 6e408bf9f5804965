{#
    The funnel step alone, from the models' own macros: what funnel_ordered_steps, funnel_undecided_attempts and
    funnel_searched_steps do for a single funnel whose steps are all required and the same on every date.
#}
{%- from 'funnel_chain.sql' import chain, first_hits, no_hit, ordered_count -%}
-- One row per person × step that was reached: when.
WITH first_attempts AS (
    SELECT firsts.person_id
         , firsts.window_ends_at
         {%- for number in range(1, step_count + 1) %}
         , firsts.first_{{ number }}_at
         {%- endfor %}
         , {{ ordered_count('firsts', step_count) }} AS ordered_count
      FROM (
            SELECT hits.person_id
                 , MIN(CASE WHEN hits.step_order = 1 THEN hits.hit_at ELSE {{ no_hit() }} END)
                   + INTERVAL '{{ window_days }} days' AS window_ends_at
                 {{- first_hits('hits', step_count) }}
              FROM hits
             GROUP BY hits.person_id
           ) AS firsts
     WHERE firsts.first_1_at < {{ no_hit() }}
)

, undecided AS (
    {%- for number in range(1, step_count) %}
    SELECT first_attempts.person_id
         , first_attempts.window_ends_at
         , {{ number }} AS required_number
         , first_attempts.first_{{ number }}_at AS reached_at
      FROM first_attempts
     WHERE first_attempts.ordered_count = -{{ number }}
    {%- if not loop.last %}

     UNION ALL
    {% endif %}
    {%- endfor %}
)

, hits_in_window AS (
    SELECT undecided.person_id
         , CAST(hits.step_order AS INTEGER) AS required_number
         , hits.hit_at
      FROM undecided
     INNER JOIN hits
        ON hits.person_id = undecided.person_id
       AND hits.step_order > undecided.required_number
       AND hits.hit_at >= undecided.reached_at
       AND hits.hit_at <= undecided.window_ends_at
)
{{ chain(['person_id'], step_count) }}

{% for number in range(1, step_count + 1) %}
SELECT first_attempts.person_id
     , {{ number }} AS required_number
     , first_attempts.first_{{ number }}_at AS reached_at
  FROM first_attempts
 WHERE ABS(first_attempts.ordered_count) >= {{ number }}
   AND first_attempts.ordered_count <> -{{ number }}

 UNION ALL

SELECT chain_{{ number }}.person_id
     , chain_{{ number }}.required_number
     , chain_{{ number }}.reached_at
  FROM chain_{{ number }}
{%- if not loop.last %}

 UNION ALL
{% endif %}
{%- endfor %}
