{#
    What must be true of each row, all in one scan: a test for each rule costs dbt more than the scans. A rule that is
    NULL is not broken. The rows that are found say which rules they break.
#}
{% test rules_hold(model, not_null=[], rules=[]) %}
    {%- set all_rules = [] -%}
    {%- for column in not_null -%}
        {%- do all_rules.append(column ~ ' IS NOT NULL') -%}
    {%- endfor -%}
    {%- do all_rules.extend(rules) -%}

SELECT SUBSTR(
           ''
           {%- for rule in all_rules %}
           || CASE WHEN NOT ({{ rule }}) THEN '; {{ rule | replace("'", "''") }}' ELSE '' END
           {%- endfor %}
         , 3
       ) AS broken_rules
     , tested.*
  FROM {{ model }} AS tested
 WHERE {% for rule in all_rules %}{{ '    OR ' if not loop.first }}NOT ({{ rule }})
{% endfor %}
{%- endtest %}
