{% test expression_is_true(model, expression, column_name=none) %}
    {{ return(adapter.dispatch('test_expression_is_true', 'dbt_utils')(model, expression, column_name)) }}
{% endtest %}

{% macro default__test_expression_is_true(model, expression, column_name=none) %}
SELECT {{ '*' if should_store_failures() else '1 AS failure' }}
  FROM {{ model }}
 WHERE NOT ({{ column_name ~ ' ' if column_name is not none }}{{ expression }})
{% endmacro %}
