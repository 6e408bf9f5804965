{# COUNT(DISTINCT …) of whole numbers from 0 to 62: pings in one heartbeat, of two tabs or of a double fire, are one. #}
{%- macro small_number_count(expression) -%}
    {{ adapter.dispatch('small_number_count')(expression) }}
{%- endmacro -%}

{%- macro default__small_number_count(expression) -%}
    COUNT(DISTINCT {{ expression }})
{%- endmacro -%}

{# A bit for each number, as COUNT(DISTINCT …) keeps a set for each group. #}
{%- macro duckdb__small_number_count(expression) -%}
    COALESCE(BIT_COUNT(BIT_OR(CAST(1 AS BIGINT) << CAST({{ expression }} AS BIGINT))), 0)
{%- endmacro -%}
