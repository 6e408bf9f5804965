-- One row per entry × step that applies to it: when it was reached; optional steps are filled in between required ones.
{%- set max_steps = var('max_funnel_steps') %}
WITH reached_steps AS (
    SELECT steps.funnel_name
         , steps.person_id
         {%- for number in range(1, max_steps + 1) %}
         , MAX(CASE WHEN steps.required_number = {{ number }} THEN steps.reached_at END) AS reached_{{ number }}_at
         {%- endfor %}
      FROM {{ ref('funnel_attempt_steps') }} AS steps
     WHERE steps.attempt_number = 1
     GROUP BY steps.funnel_name
            , steps.person_id
)

, entry_steps AS (
    SELECT entries.funnel_entry_id
         , entries.funnel_name
         , entries.person_id
         , entries.window_ends_at
         , steps.step_order
         , steps.step_name
         , steps.is_optional
         , steps.required_number

         -- of an optional step: the required step before it
         , CASE steps.required_number
               {%- for number in range(1, max_steps + 1) %}
               WHEN {{ number }} THEN reached_steps.reached_{{ number }}_at
               {%- endfor %}
           END AS own_reached_at
         , CASE steps.required_number
               {%- for number in range(2, max_steps + 1) %}
               WHEN {{ number }} THEN reached_steps.reached_{{ number - 1 }}_at
               {%- endfor %}
           END AS previous_reached_at
         , CASE steps.required_number
               {%- for number in range(1, max_steps) %}
               WHEN {{ number }} THEN reached_steps.reached_{{ number + 1 }}_at
               {%- endfor %}
           END AS next_reached_at
      FROM {{ ref('funnel_first_entries') }} AS entries
     INNER JOIN {{ ref('funnel_daily_steps') }} AS steps
        ON steps.funnel_name = entries.funnel_name
       AND steps.entered_date = entries.entered_date
     INNER JOIN reached_steps
        ON reached_steps.funnel_name = entries.funnel_name
       AND reached_steps.person_id = entries.person_id
)

SELECT entry_steps.funnel_entry_id
     , entry_steps.step_order
     , entry_steps.step_name
     , entry_steps.is_optional
     , entry_steps.required_number
     , entry_steps.own_reached_at AS reached_at
     , entry_steps.previous_reached_at AS previous_required_reached_at
  FROM entry_steps
 WHERE NOT entry_steps.is_optional

 UNION ALL

SELECT entry_steps.funnel_entry_id
     , entry_steps.step_order
     , entry_steps.step_name
     , entry_steps.is_optional
     , entry_steps.required_number
     , MIN(hits.hit_at) AS reached_at
     , entry_steps.own_reached_at AS previous_required_reached_at
  FROM entry_steps
  LEFT JOIN {{ ref('funnel_step_hits') }} AS hits
    ON hits.funnel_name = entry_steps.funnel_name
   AND hits.person_id = entry_steps.person_id
   AND hits.step_order = entry_steps.step_order
   AND hits.hit_at >= entry_steps.own_reached_at
   AND hits.hit_at <= COALESCE(entry_steps.next_reached_at, entry_steps.window_ends_at)
 WHERE entry_steps.is_optional
 GROUP BY entry_steps.funnel_entry_id
        , entry_steps.step_order
        , entry_steps.step_name
        , entry_steps.is_optional
        , entry_steps.required_number
        , entry_steps.own_reached_at
