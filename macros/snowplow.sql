{# Fields of Snowplow's typed columns: structs on DuckDB, VARIANT on Snowflake. #}

{# The first entry's field of a context, a list of structs: the tracker attaches at most one of each that we read. #}
{%- macro context_field(context, field) -%}
    {{ adapter.dispatch('context_field')(context, field) }}
{%- endmacro -%}

{%- macro duckdb__context_field(context, field) -%}
    {{ context }}[1].{{ field }}
{%- endmacro -%}

{# The field of a self-describing event. #}
{%- macro event_field(event, field) -%}
    {{ adapter.dispatch('event_field')(event, field) }}
{%- endmacro -%}

{%- macro duckdb__event_field(event, field) -%}
    {{ event }}.{{ field }}
{%- endmacro -%}
