{# FIRST_VALUE and LAST_VALUE over the rows where the expression is known; engines place IGNORE NULLS differently. #}

{%- macro first_known(expression, partition_and_frame) -%}
    {{ adapter.dispatch('known_value')('FIRST_VALUE', expression, partition_and_frame) }}
{%- endmacro -%}

{%- macro last_known(expression, partition_and_frame) -%}
    {{ adapter.dispatch('known_value')('LAST_VALUE', expression, partition_and_frame) }}
{%- endmacro -%}

{%- macro duckdb__known_value(function, expression, partition_and_frame) -%}
    {{ function }}({{ expression }} IGNORE NULLS) OVER ({{ partition_and_frame }})
{%- endmacro -%}

{%- macro snowflake__known_value(function, expression, partition_and_frame) -%}
    {{ function }}({{ expression }}) IGNORE NULLS OVER ({{ partition_and_frame }})
{%- endmacro -%}
