{# Locally a source is a view over Parquet files; elsewhere the tables are there already. #}
{%- macro create_source_views() -%}
    {{ adapter.dispatch('create_source_views')() }}
{%- endmacro -%}

{%- macro default__create_source_views() -%}{%- endmacro -%}

{%- macro duckdb__create_source_views() -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() %}
CREATE SCHEMA IF NOT EXISTS {{ source.database }}.{{ source.schema }};
CREATE OR REPLACE VIEW {{ source.database }}.{{ source.schema }}.{{ source.identifier }} AS
SELECT {{ source.columns.values() | map(attribute='name') | join(', ') }}
  FROM (
        SELECT {% for column in source.columns.values() -%}
               CAST(NULL AS {{ column.data_type }}) AS {{ column.name }}{{ ', ' if not loop.last }}
               {%- endfor %}
         WHERE FALSE
         UNION ALL BY NAME
        SELECT *
          FROM READ_PARQUET('{{ env_var("DATA_DIR", "data") | replace("'", "''") }}/{{ source.config.meta.local_path }}', union_by_name = TRUE)
       );
        {%- endfor %}
    {%- endif -%}
{%- endmacro -%}
