{# The schema is the layer's own name, on every engine: no target prefix. #}
{%- macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro -%}
