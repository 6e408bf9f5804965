{# A page's path as steps name it: no query, no fragment, no trailing slash, lower case. #}
{%- macro normalised_path(path) -%}
    {%- set bare = "SPLIT_PART(SPLIT_PART(LOWER(" ~ path ~ "), '?', 1), '#', 1)" -%}
    CASE WHEN {{ bare }} LIKE '%_/' THEN LEFT({{ bare }}, LENGTH({{ bare }}) - 1) ELSE {{ bare }} END
{%- endmacro -%}
