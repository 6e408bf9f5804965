{# How many different whole numbers from 0 to 62 a group has. #}
{%- macro small_number_count(expression) -%}
    {{ adapter.dispatch('small_number_count')(expression) }}
{%- endmacro -%}

{%- macro default__small_number_count(expression) -%}
    COUNT(DISTINCT {{ expression }})  {# -- distinct: pings in one heartbeat, of two tabs or of a double fire, are one #}
{%- endmacro -%}

{# A bit for each number, where a set for each group would cost much more. #}
{%- macro duckdb__small_number_count(expression) -%}
    COALESCE(BIT_COUNT(BIT_OR(CAST(1 AS BIGINT) << CAST({{ expression }} AS BIGINT))), 0)
{%- endmacro -%}
