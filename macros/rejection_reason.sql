{# Why a delivery cannot be told as an event; NULL where it can. #}
{%- macro rejection_reason(delivery) -%}
    CASE
           WHEN {{ delivery }}.event_id = '' THEN 'missing_event_id'
           WHEN {{ delivery }}.event_at IS NULL THEN 'missing_time'
           WHEN {{ delivery }}.event_at < CAST('{{ var("plausible_from_date") }}' AS DATE)
                OR {{ delivery }}.event_at >= CAST('{{ var("plausible_before_date") }}' AS DATE)
               THEN 'implausible_time'
       END
{%- endmacro -%}
