{# Timestamps: UTC without a zone inside the project, calendar dates in the reporting time zone. #}

{# A source's timestamp as UTC TIMESTAMP. #}
{%- macro utc_timestamp(column) -%}
    {{ adapter.dispatch('utc_timestamp')(column) }}
{%- endmacro -%}

{%- macro duckdb__utc_timestamp(column) -%}
    {#- the same as AT TIME ZONE 'UTC', which asks a calendar for each row and costs as much as reading the column -#}
    MAKE_TIMESTAMP(EPOCH_US({{ column }}))
{%- endmacro -%}

{# The loaders write TIMESTAMP_NTZ in UTC there. #}
{%- macro snowflake__utc_timestamp(column) -%}
    CAST({{ column }} AS TIMESTAMP_NTZ)
{%- endmacro -%}

{# The calendar date of a UTC timestamp where the readers of the reports live. #}
{%- macro reporting_date(timestamp) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
        CAST({{ timestamp }} AS DATE)
    {%- else -%}
        {{ adapter.dispatch('reporting_date')(timestamp, var('reporting_timezone')) }}
    {%- endif -%}
{%- endmacro -%}

{%- macro duckdb__reporting_date(timestamp, timezone) -%}
    CAST({{ timestamp }} AT TIME ZONE 'UTC' AT TIME ZONE '{{ timezone }}' AS DATE)
{%- endmacro -%}

{%- macro snowflake__reporting_date(timestamp, timezone) -%}
    CAST(CONVERT_TIMEZONE('UTC', '{{ timezone }}', {{ timestamp }}) AS DATE)
{%- endmacro -%}

{# Seconds between two timestamps, with milliseconds: DATEDIFF by seconds would count boundaries. #}
{%- macro seconds_between(start_at, end_at) -%}
    {{ dbt.datediff(start_at, end_at, 'millisecond') }} / 1000.0
{%- endmacro -%}
