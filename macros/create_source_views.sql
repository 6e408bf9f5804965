{# Locally a source is a view over Parquet files; elsewhere the tables are there already. #}
{%- macro create_source_views() -%}
    {{ adapter.dispatch('create_source_views')() }}
{%- endmacro -%}

{%- macro default__create_source_views() -%}{%- endmacro -%}

{%- macro duckdb__create_source_views() -%}
    {%- if execute -%}
        {%- for source in graph.sources.values() %}
            {#- DuckDB takes the folder as the beginning of a pattern: its brackets and asterisks are meant literally #}
            {%- set data_dir = env_var("DATA_DIR", "data") | replace("[", "[[]") | replace("*", "[*]")
                                                           | replace("?", "[?]") %}
            {%- set files = data_dir | replace("'", "''") ~ '/' ~ source.config.meta.local_path %}
            {%- set is_there = run_query("SELECT 1 FROM GLOB('" ~ files ~ "') LIMIT 1").rows | length > 0 %}
CREATE SCHEMA IF NOT EXISTS {{ source.database }}.{{ source.schema }};
CREATE OR REPLACE VIEW {{ source.database }}.{{ source.schema }}.{{ source.identifier }} AS
SELECT {{ source.columns.values() | map(attribute='name') | join(', ') }}
  FROM (
        SELECT {% for column in source.columns.values() -%}
               CAST(NULL AS {{ column.data_type }}) AS {{ column.name }}{{ ', ' if not loop.last }}
               {%- endfor %}
         WHERE FALSE
            {%- if is_there or not source.config.meta.is_optional %}
         UNION ALL BY NAME
        SELECT *
          FROM READ_PARQUET('{{ files }}', union_by_name = TRUE, hive_partitioning = TRUE)
            {%- endif %}
       );
        {%- endfor %}
    {%- endif -%}
{%- endmacro -%}
