{#
    What dbt casts a unit test's values with. Of a typed column of Snowplow's they are JSON with snake_case keys, as the
    Lake Loader writes them; dbt's own cast would make them one text on Snowflake, in which no path is found.
#}
{%- macro snowflake__safe_cast(field, type) -%}
    {%- if type | upper in ('ARRAY', 'OBJECT', 'VARIANT') -%}
        {%- set json = namespace(text=field) -%}
        {%- for key in modules.re.findall('"([a-z_]+)":', field) -%}
            {%- set json.text = json.text | replace('"' ~ key ~ '":', '"' ~ camel_case(key) ~ '":') -%}
        {%- endfor -%}
        CAST(PARSE_JSON({{ json.text }}) AS {{ type }})
    {%- else -%}
        {{ dbt.snowflake__safe_cast(field, type) }}
    {%- endif -%}
{%- endmacro -%}
