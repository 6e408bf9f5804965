{# From when on an incremental build reads a source again: some days before its newest row in a relation. #}
{%- macro reread_from(relation) -%}
    (
        SELECT COALESCE(
                   {{ dbt.dateadd('day', -var('load_lookback_days'), 'MAX(loaded.loaded_at)') }}
                 , CAST('1970-01-01' AS TIMESTAMP)
               )
          FROM {{ relation }} AS loaded
    )
{%- endmacro -%}
