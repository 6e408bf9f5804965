{# On Snowflake a developer's own layers stand beside the team's: prep_dev_anna, prod_dev_anna. Sources are shared. #}
{%- macro snowflake__generate_database_name(custom_database_name=none, node=none) -%}
    {%- set developer = env_var('SNOWFLAKE_DEVELOPER', '') | trim | lower -%}
    {{ custom_database_name or target.database }}{{ '_dev_' ~ developer if developer }}
{%- endmacro -%}
