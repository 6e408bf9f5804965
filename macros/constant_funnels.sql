{# The funnels whose entries all have the same required steps: only there do counts and rates add up. #}
{%- macro constant_funnels() -%}
    SELECT steps.funnel_name
      FROM {{ ref('funnel_daily_steps') }} AS steps
     WHERE NOT steps.is_optional
     GROUP BY steps.funnel_name
    -- distinct: every required step on every date
    HAVING COUNT(*) = COUNT(DISTINCT steps.step_order) * COUNT(DISTINCT steps.entered_date)
{%- endmacro -%}
