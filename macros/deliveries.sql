{# Which deliveries are events at all, and which delivery of an event counts. #}

{# Why a delivery cannot be told as an event; NULL where it can. #}
{%- macro rejection_reason(delivery) -%}
    CASE
           WHEN {{ delivery }}.event_id = '' THEN 'missing_event_id'
           WHEN {{ delivery }}.event_at IS NULL THEN 'missing_time'
           WHEN {{ delivery }}.event_at < CAST('{{ var("plausible_from_date") }}' AS DATE)
                OR {{ delivery }}.event_at >= CAST('{{ var("plausible_before_date") }}' AS DATE)
               THEN 'implausible_time'
       END
{%- endmacro -%}

{# The window that numbers the deliveries of an event: by collection, rejected ones last, ties by all that is read. #}
{%- macro order_of_deliveries(delivery) -%}
    PARTITION BY {{ delivery }}.event_id
               ORDER BY CASE WHEN {{ rejection_reason(delivery) }} IS NULL THEN 0 ELSE 1 END
    {%- for column in [
        'collected_at', 'loaded_at', 'event_at', 'device_created_at', 'member_id', 'domain_userid', 'domain_sessionid',
        'page_view_id', 'page_urlpath', 'event_name', 'funnel_step', 'clicked_element_id', 'user_role', 'referrer_host',
        'geo_country', 'device_type', 'useragent', 'agent_class', 'is_listed_robot', 'scroll_offset_pixels',
        'view_height_pixels', 'page_height_pixels',
    ] %}
                      , {{ delivery }}.{{ column }}
    {%- endfor %}
{%- endmacro -%}
