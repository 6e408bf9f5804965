{#
    dbt's and dbt-utils' tests of uniqueness on DuckDB: keys are compared only where their hashes are equal, as numbers
    are grouped faster than texts, and in less memory. dbt finds these before its own.
#}

{%- macro duckdb__test_unique(model, column_name) -%}
    {{ rows_with_one_key([column_name], model, column_name ~ ' IS NOT NULL') }}
{%- endmacro -%}

{%- macro duckdb__test_unique_combination_of_columns(model, combination_of_columns, quote_columns=false) -%}
    {%- set columns = [] -%}
    {%- for column in combination_of_columns -%}
        {%- do columns.append(adapter.quote(column) if quote_columns else column) -%}
    {%- endfor -%}
    {{ rows_with_one_key(columns, model, 'TRUE') }}
{%- endmacro -%}

{%- macro rows_with_one_key(columns, model, condition) -%}
    {%- set key = columns | join(', ') -%}
SELECT {{ key }}
     , COUNT(*) AS row_count
  FROM {{ model }}
 WHERE {{ condition }}
   AND HASH({{ key }}) IN (
           SELECT HASH({{ key }})
             FROM {{ model }}
            WHERE {{ condition }}
            GROUP BY HASH({{ key }})
           HAVING COUNT(*) > 1
       )
 GROUP BY {{ key }}
HAVING COUNT(*) > 1
{%- endmacro -%}
