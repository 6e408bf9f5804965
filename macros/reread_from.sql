{#
    From when on an incremental build reads a source again. LOADED_FROM names the first load that is new, where somebody
    knows: `make build` does, and whoever loads history again. Else it is some days before the newest row of a relation.
#}
{%- macro reread_from(relation) -%}
    {%- if env_var('LOADED_FROM', '') -%}
    CAST('{{ env_var("LOADED_FROM") }}' AS TIMESTAMP)
    {%- else -%}
    (
        SELECT COALESCE(
                   {{ dbt.dateadd('day', -var('load_lookback_days'), 'MAX(loaded.loaded_at)') }}
                 , CAST('1970-01-01' AS TIMESTAMP)
               )
          FROM {{ relation }} AS loaded
         -- a load time may be impossible, or missing and the collector's be so: nothing would be new ever after
         WHERE loaded.loaded_at < CAST('{{ var("plausible_before_date") }}' AS TIMESTAMP)
    )
    {%- endif -%}
{%- endmacro -%}
