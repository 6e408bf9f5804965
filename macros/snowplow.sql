{#
    Fields of Snowplow's typed columns. DuckDB reads the Lake Loader's structs with snake_case fields; the Snowflake
    Loader writes the schema's own camelCase names into ARRAYs and OBJECTs.
#}

{# The first entry's field of a context, a list of entries: the tracker attaches at most one of each that we read. #}
{%- macro context_field(context, field, data_type='VARCHAR') -%}
    {{ adapter.dispatch('context_field')(context, field, data_type) }}
{%- endmacro -%}

{%- macro duckdb__context_field(context, field, data_type) -%}
    {{ context }}[1].{{ field }}
{%- endmacro -%}

{%- macro snowflake__context_field(context, field, data_type) -%}
    CAST(GET_PATH({{ context }}, '[0].{{ camel_case(field) }}') AS {{ data_type }})
{%- endmacro -%}

{# The field of a self-describing event. #}
{%- macro event_field(event, field, data_type='VARCHAR') -%}
    {{ adapter.dispatch('event_field')(event, field, data_type) }}
{%- endmacro -%}

{%- macro duckdb__event_field(event, field, data_type) -%}
    {{ event }}.{{ field }}
{%- endmacro -%}

{%- macro snowflake__event_field(event, field, data_type) -%}
    CAST(GET_PATH({{ event }}, '{{ camel_case(field) }}') AS {{ data_type }})
{%- endmacro -%}

{# user_id → userId #}
{%- macro camel_case(name) -%}
    {%- for word in name.split('_') -%}{{ word if loop.first else word | capitalize }}{%- endfor -%}
{%- endmacro -%}
