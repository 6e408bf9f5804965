{#
    The funnel in plain SQL: the first hits of a person tell each step's time as long as they come in order; only where
    they do not, hits are searched step by step. The models and scripts/bench/funnel_step.sql share it.
#}

{# Stands for no hit: later than any window ends. Aggregates and comparisons of NULL cost more. #}
{%- macro no_hit() -%}
    CAST('9999-01-01' AS TIMESTAMP)
{%- endmacro -%}

{# Columns first_1_at, first_2_at …: the first hit of each step. #}
{%- macro first_hits(hits, step_count) -%}
    {%- for number in range(1, step_count + 1) %}
         , MIN(CASE WHEN {{ hits }}.step_order = {{ number }} THEN {{ hits }}.hit_at ELSE {{ no_hit() }} END)
           AS first_{{ number }}_at
    {%- endfor %}
{%- endmacro -%}

{# How many first hits are in order; negative, where the next step's is earlier and so a later hit of it may count. #}
{%- macro ordered_count(firsts, step_count) -%}
    CASE
        {%- for number in range(2, step_count + 1) %}
               WHEN {{ firsts }}.first_{{ number }}_at > {{ firsts }}.window_ends_at THEN {{ number - 1 }}
               WHEN {{ firsts }}.first_{{ number }}_at < {{ firsts }}.first_{{ number - 1 }}_at THEN -{{ number - 1 }}
        {%- endfor %}
               ELSE {{ step_count }}
           END
{%- endmacro -%}

{#
    CTEs chain_1, chain_2 …: of each row of `undecided`, its step and those beyond, each at the first hit at or after the
    step before; `hits_in_window` has the hits. The number is compared with the one before, never with a constant:
    constants are pushed into the scan of the hits as one long OR.
#}
{%- macro chain(keys, step_count) %}
, chain_1 AS (
    SELECT undecided.{{ keys | join('\n         , undecided.') }}
         , undecided.required_number
         , undecided.reached_at
      FROM undecided
)
    {%- for number in range(2, step_count + 1) %}

, chain_{{ number }} AS (
    SELECT hits.{{ keys | join('\n         , hits.') }}
         , hits.required_number
         , MIN(hits.hit_at) AS reached_at
      FROM chain_{{ number - 1 }} AS previous
     INNER JOIN hits_in_window AS hits
        ON hits.required_number = previous.required_number + 1
        {%- for key in keys %}
       AND hits.{{ key }} = previous.{{ key }}
        {%- endfor %}
       AND hits.hit_at >= previous.reached_at
     GROUP BY hits.{{ keys | join('\n            , hits.') }}
            , hits.required_number
)
    {%- endfor %}
{%- endmacro -%}
