{# Whether a row of funnel_definitions, or what carries its dates, is valid on a date; both ends belong to it. #}
{%- macro applies_on(definition, date) -%}
    {{ date }} >= COALESCE({{ definition }}.valid_from_date, CAST('1970-01-01' AS DATE))
    AND {{ date }} <= COALESCE({{ definition }}.valid_to_date, CAST('9999-12-31' AS DATE))
{%- endmacro -%}
